// What was typed into Try it, remembered by this tab alone: by person, so that nobody else who
// signs in here finds it, and no longer than they are signed in. Files and secrets are left out.
(() => {
  "use strict";

  const PREFIX = "inputs:";
  const person = document.querySelector("[data-person]")?.dataset.person;
  const own = `${PREFIX}${person}:`;

  const forget = (isForgotten) => {
    for (const key of Object.keys(sessionStorage)) {
      if (key.startsWith(PREFIX) && isForgotten(key)) sessionStorage.removeItem(key);
    }
  };
  // Storage may be closed to us; then nothing is remembered.
  const attempt = (act) => {
    try {
      act();
    } catch {}
  };

  const fieldsOf = (form) =>
    [...form.elements].filter(
      (field) =>
        field.name.startsWith("parameter-") &&
        !["password", "file", "hidden"].includes(field.type) &&
        !("unremembered" in field.dataset),
    );
  const keyOf = (form) => own + form.dataset.inputs;

  const remember = (form) => {
    const typed = fieldsOf(form).filter((field) => field.value);
    const values = Object.fromEntries(typed.map((field) => [field.name, field.value]));
    attempt(() => sessionStorage.setItem(keyOf(form), JSON.stringify(values)));
  };

  // A form that the server sent back filled is newer than what is remembered.
  const recall = (form) => {
    const fields = fieldsOf(form);
    if (fields.some((field) => field.value)) return;
    attempt(() => {
      const values = JSON.parse(sessionStorage.getItem(keyOf(form)) ?? "{}");
      for (const field of fields) field.value = values[field.name] ?? "";
    });
  };

  const prepare = (root) => {
    for (const form of root.querySelectorAll("[data-inputs]")) recall(form);
    for (const part of root.querySelectorAll("[data-inputs-only]")) part.hidden = false;
  };

  document.addEventListener("input", (event) => {
    const form = event.target.closest?.("[data-inputs]");
    if (form) remember(form);
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-forget-inputs]");
    if (!button) return;
    const { form } = button;
    attempt(() => sessionStorage.removeItem(keyOf(form)));
    for (const field of fieldsOf(form)) field.value = "";
    document.getElementById("announcements").textContent = button.dataset.forgetInputs;
  });
  document.addEventListener("htmx:afterSwap", (event) => prepare(event.target));
  // A page that the browser kept whole is asked for again: its person may have signed out since.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted && document.querySelector("[data-inputs]")) location.reload();
  });

  attempt(() => forget((key) => !person || !key.startsWith(own)));
  prepare(document);
})();
