// The invitation beside its form, drawn again while somebody types; colours to pick.
(() => {
  "use strict";

  const PAUSE = 350;
  const form = document.querySelector("[data-previewed]");
  if (!form) return;
  const button = document.querySelector("[data-preview]");
  let frame = document.querySelector("iframe[name=preview]");
  let pause = 0;
  let turn = 0;

  // Each drawing gets a frame of its own: sent into the old one, the form would add a step to
  // the browser's way back, and the page would flicker.
  const draw = () => {
    const next = frame.cloneNode();
    next.removeAttribute("src");
    next.name = `preview-${++turn}`;
    next.classList.add("is-coming");
    const mine = turn;
    frame.after(next);
    requestAnimationFrame(() => {
      next.addEventListener("load", () => {
        if (mine !== turn) {
          next.remove();
          return;
        }
        for (const old of next.parentElement.querySelectorAll("iframe")) {
          if (old !== next) old.remove();
        }
        next.classList.remove("is-coming");
        frame = next;
      });
      button.formTarget = next.name;
      form.requestSubmit(button);
    });
  };

  const drawSoon = () => {
    clearTimeout(pause);
    pause = setTimeout(draw, PAUSE);
  };

  // The text says which colour; the picker beside it is another way to write it.
  for (const text of form.querySelectorAll("[data-colour]")) {
    const picker = document.createElement("input");
    picker.type = "color";
    picker.className = "colour-picker";
    const label = form.querySelector(`label[for="${text.id}"]`);
    picker.setAttribute("aria-label", `${label ? label.textContent : ""}: ${text.dataset.colour}`);
    const follow = () => {
      const written = text.value || text.placeholder;
      if (/^#[0-9a-f]{6}$/i.test(written)) picker.value = written;
    };
    picker.addEventListener("input", () => {
      text.value = picker.value;
      drawSoon();
    });
    text.addEventListener("input", follow);
    const pair = document.createElement("div");
    pair.className = "colour-pair";
    text.before(pair);
    pair.append(text, picker);
    follow();
  }

  form.addEventListener("input", drawSoon);
  for (const choice of document.querySelectorAll("input[name=show]")) {
    choice.addEventListener("change", draw);
  }
  button.hidden = true;
  if (form.dataset.previewed === "typed") draw();
})();
