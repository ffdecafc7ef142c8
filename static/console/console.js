// What JavaScript adds to pages that work without it.
(() => {
  "use strict";

  const announce = (words) => {
    const region = document.getElementById("announcements");
    if (region) region.textContent = words;
  };

  // Copy buttons are of no use without this script, so they come hidden.
  const reveal = (root) => {
    for (const part of root.querySelectorAll("[data-copy][hidden], [data-check-all][hidden]")) {
      part.hidden = false;
    }
  };

  // What can be undone for some seconds can't be any more when they are over.
  const expire = (root) => {
    for (const passing of root.querySelectorAll("[data-seconds]")) {
      setTimeout(() => {
        if (passing.contains(document.activeElement)) {
          passing.parentElement.querySelector("[data-announce]")?.focus();
        }
        passing.remove();
      }, passing.dataset.seconds * 1000);
    }
  };

  const copy = async (button) => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      return; // refused by the browser: the text stands beside the button
    }
    const label = button.querySelector("[data-copy-label]");
    const words = label.textContent;
    label.textContent = button.dataset.copied;
    announce(button.dataset.copied);
    button.disabled = true;
    setTimeout(() => {
      label.textContent = words;
      button.disabled = false;
      button.focus();
    }, 1600);
  };

  const chooseTheme = (form, choice) => {
    const body = new FormData(form);
    body.set("theme", choice);
    fetch(form.action, { method: "POST", body, redirect: "manual" });
    document.documentElement.className = choice === "system" ? "" : choice;
    for (const other of document.querySelectorAll("[data-theme-form] button")) {
      other.setAttribute("aria-pressed", String(other.value === choice));
    }
  };

  const closeDropdowns = (except) => {
    for (const dropdown of document.querySelectorAll("[data-dropdown][open]")) {
      if (dropdown !== except) dropdown.open = false;
    }
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) copy(button);
    closeDropdowns(event.target.closest("[data-dropdown]"));
  });

  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-theme-form]") || !event.submitter) return;
    event.preventDefault();
    chooseTheme(event.target, event.submitter.value);
  });

  // A filter that changes shows its result at once; its button is for those without this script.
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-filters] select")) event.target.form.requestSubmit();
    if (event.target.matches("[data-check-all]")) {
      for (const box of document.getElementsByName(event.target.dataset.checkAll)) {
        if (box.type === "checkbox") box.checked = event.target.checked;
      }
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      const open = event.target.closest?.("[data-dropdown][open]");
      closeDropdowns(null);
      open?.querySelector("summary").focus();
    }
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      const field = document.getElementById("jump");
      if (!field) return;
      event.preventDefault();
      if (field.offsetParent === null) document.getElementById("sidebar").showPopover();
      field.focus();
      field.select();
    }
  });

  // After a swap the keyboard and the screen reader are where the news is.
  document.addEventListener("htmx:afterSwap", (event) => {
    reveal(event.target);
    expire(event.target);
    const news = event.target.querySelector("[data-announce]");
    if (news) announce(news.textContent.trim());
    (event.target.querySelector("[data-focus]") ?? news)?.focus();
  });

  const isApple = /Mac|iPhone|iPad/.test(navigator.platform);
  for (const hint of document.querySelectorAll("[data-shortcut-hint]")) {
    hint.textContent = isApple ? "⌘K" : "Ctrl K";
    hint.hidden = false;
  }
  reveal(document);
  expire(document);
})();
