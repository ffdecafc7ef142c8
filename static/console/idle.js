// Asks, a minute before, whether somebody is still there; the server ends the session by itself.
(() => {
  "use strict";
  const dialog = document.querySelector("[data-idle-minutes]");
  const bound = Number(dialog.dataset.idleMinutes) * 60_000;
  const warning = 60_000;
  const key = "last-use";
  let ownLastUse = Date.now();
  let timer;

  // What happens in one tab counts for the others.
  const noteUse = () => {
    ownLastUse = Date.now();
    try {
      localStorage.setItem(key, String(ownLastUse));
    } catch {
      // storage is closed to us: this tab counts for itself
    }
  };
  const lastUse = () => {
    try {
      return Math.max(ownLastUse, Number(localStorage.getItem(key)));
    } catch {
      return ownLastUse;
    }
  };

  const look = () => {
    clearTimeout(timer);
    const left = lastUse() + bound - Date.now();
    if (left <= 0) {
      dialog.querySelector("[data-idle-end]").submit();
      return;
    }
    if (left > warning) {
      if (dialog.open) dialog.close();
      timer = setTimeout(look, Math.min(left - warning, 30_000));
      return;
    }
    if (!dialog.open) dialog.showModal();
    dialog.querySelector("[data-idle-left]").textContent = String(Math.ceil(left / 1000));
    timer = setTimeout(look, 1000);
  };

  const keep = async (form) => {
    try {
      const answer = await fetch(form.action, {
        method: "POST",
        body: new FormData(form),
        redirect: "manual",
      });
      if (!answer.ok) {
        location.reload(); // too late: the server says so
        return;
      }
    } catch {
      return; // the network is away; the dialog stays, and the button with it
    }
    noteUse();
    look();
  };

  dialog.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-idle-keep]")) return;
    event.preventDefault();
    keep(event.target);
  });
  // Esc means the same as the button that has the focus.
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    keep(dialog.querySelector("[data-idle-keep]"));
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (!event.detail.requestConfig.headers["X-Background"]) noteUse();
  });
  document.addEventListener("console:use", noteUse);
  document.addEventListener("visibilitychange", look);

  noteUse();
  look();
})();
