// An OpenID provider on a loopback port, for as long as its standard input is open.
// Prints one line of JSON when it is ready, and one after each line that it reads: new keys each.
import { generateKeyPair, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";

// Standard output is for the tests alone.
globalThis.console = new console.Console(process.stderr);
const { Provider } = await import("oidc-provider");
const { createMemoryAdapter } = await import("oidc-provider/lib/adapters/memory_adapter.js");

const HOUR = 60 * 60;
const adapter = createMemoryAdapter();
const cookieKeys = [randomUUID()];
let provider;

const server = createServer((request, response) => {
  const answer = request.url.startsWith("/interaction/") ? interact : provider.callback();
  Promise.resolve(answer(request, response)).catch((error) => {
    console.error(error);
    response.writeHead(400).end(error.message);
  });
});
server.listen(0, "127.0.0.1", async () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  await useNewKeys(issuer);
  const lines = createInterface({ input: process.stdin });
  lines.on("line", () => useNewKeys(issuer));
  lines.on("close", () => process.exit());
});

// What was begun or granted lives in the adapter, so that it outlives the keys.
async function useNewKeys(issuer) {
  const keys = [await newKey("rsa", { modulusLength: 2048 }), await newKey("ec", { namedCurve: "P-256" })];
  provider = new Provider(issuer, { ...settings, adapter, jwks: { keys } });
  process.stdout.write(`${JSON.stringify({ issuer })}\n`);
}

async function newKey(type, options) {
  const { privateKey } = await promisify(generateKeyPair)(type, options);
  return { ...privateKey.export({ format: "jwk" }), kid: randomUUID(), use: "sig" };
}

// Signs in whoever is named, and asks for consent in what was not granted yet.
async function interact(request, response) {
  const { prompt, params, session, grantId } = await provider.interactionDetails(request, response);
  if (request.method !== "POST") {
    response.setHeader("Content-Type", "text/html; charset=utf-8");
    return response.end(prompt.name === "login" ? loginPage(params) : consentPage(params));
  }
  const form = new URLSearchParams(await text(request));
  const finish = (result) =>
    provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
  if (form.get("answer") === "no") {
    return finish({ error: "access_denied" });
  }
  if (prompt.name === "login") {
    return finish({ login: { accountId: form.get("email") } });
  }
  const grant = grantId
    ? await provider.Grant.find(grantId)
    : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope((prompt.details.missingOIDCScope ?? []).join(" "));
  grant.addOIDCClaims(prompt.details.missingOIDCClaims ?? []);
  return finish({ consent: { grantId: await grant.save() } });
}

// Anybody has an account here: mia.field@example.com is Mia Field.
function accountOf(email) {
  const [given_name, family_name = ""] = email
    .split("@")[0]
    .split(".")
    .map((name) => name.charAt(0).toUpperCase() + name.slice(1));
  const claims = { sub: email, email, email_verified: true, given_name, family_name };
  return { accountId: email, claims: () => claims };
}

const escaped = (given) => String(given ?? "").replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt()};`);

const page = (title, body) =>
  `<!doctype html><html lang="en"><title>${title}</title><h1>${title}</h1>${body}</html>`;

const loginPage = ({ login_hint }) =>
  page(
    "Sign in to the provider",
    `<form method="post"><label>E-mail <input name="email" value="${escaped(login_hint)}"></label>
    <button name="answer" value="yes">Continue</button>
    <button name="answer" value="no">Cancel</button></form>`,
  );

const consentPage = ({ scope }) =>
  page(
    "Allow access",
    `<p>${escaped(scope)}</p><form method="post">
    <button name="answer" value="yes">Allow</button>
    <button name="answer" value="no">Cancel</button></form>`,
  );

const settings = {
  clientBasedCORS: () => false,
  claims: { email: ["email", "email_verified"], profile: ["given_name", "family_name"] },
  // As the big providers do: the claims stand in the ID token too.
  conformIdTokenClaims: false,
  cookies: { keys: cookieKeys },
  features: {
    devInteractions: { enabled: false },
    registration: { enabled: true },
    rpInitiatedLogout: {
      logoutSource: (context, form) => {
        const button = '<button form="op.logoutForm" name="logout" value="yes">Sign out</button>';
        context.body = page("Sign out of the provider", form + button);
      },
      postLogoutSuccessSource: (context) => {
        context.body = page("Signed out of the provider", "");
      },
    },
  },
  findAccount: (context, email) => accountOf(email),
  interactions: { url: (context, { uid }) => `/interaction/${uid}` },
  pkce: { required: () => true },
  renderError: (context, out, error) => {
    console.error(error);
    context.type = "html";
    context.body = page("The provider refused", `<p>${escaped(out.error)}: ${escaped(out.error_description)}</p>`);
  },
  rotateRefreshToken: true,
  ttl: { AccessToken: HOUR, IdToken: HOUR, Grant: 24 * HOUR, Session: HOUR, Interaction: HOUR, RefreshToken: 24 * HOUR },
};
