/* Small behaviours on top of pages that work without them. Everything is chosen by data-attributes;
   the words that people read come from the page, so that they are translated there. */
(() => {
  "use strict";

  const live = document.getElementById("live");

  /** Says a text to people who cannot see the change. */
  function announce(text) {
    if (!text) return;
    live.textContent = "";
    requestAnimationFrame(() => {
      live.textContent = text;
    });
  }

  // What just happened, said on the page that came after it.
  announce(document.getElementById("messages")?.innerText.trim());

  // --- data-busy: a form is sent once, and its button says what happens ---------------------------

  const labels = new WeakMap();

  function setBusy(form, button) {
    form.dataset.sending = "";
    const label = button?.querySelector(".label");
    if (!label) return;
    const busy = button.dataset.busy ?? live.dataset.busy;
    button.setAttribute("aria-disabled", "true");
    labels.set(button, label.textContent);
    label.textContent = busy;
    announce(busy);
  }

  function setIdle(form) {
    delete form.dataset.sending;
    delete form.dataset.sent;
    for (const button of form.querySelectorAll('.button[aria-disabled="true"]')) {
      button.removeAttribute("aria-disabled");
      button.querySelector(".label").textContent = labels.get(button);
    }
  }

  function isPost(form) {
    return form instanceof HTMLFormElement && form.getAttribute("method")?.toLowerCase() === "post";
  }

  /** Without a network, and the page says so: sending would end on a page of the browser's own. */
  function isCutOff() {
    return !navigator.onLine && document.querySelector("#trouble:not([hidden])") !== null;
  }

  // In the capture phase: a second press is stopped before htmx or the browser sees it.
  document.addEventListener(
    "submit",
    (event) => {
      const form = event.target;
      if (isPost(form) && ("sending" in form.dataset || isCutOff())) {
        event.preventDefault();
        event.stopImmediatePropagation();
        if (isCutOff()) announce(document.getElementById("trouble").innerText);
      }
    },
    true,
  );

  window.addEventListener("submit", (event) => {
    const form = event.target;
    if (!isPost(form) || event.defaultPrevented) return;
    form.dataset.sent = "";
    setBusy(form, event.submitter);
  });

  // Back from the next page: the button may be pressed again.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) document.querySelectorAll("form[data-sending]").forEach(setIdle);
  });

  // --- data-guard: leaving a page with unsaved work warns -----------------------------------------

  // What the server has of each form, and what of that a draft is on its way with.
  const kept = new WeakMap();
  const underway = new WeakMap();
  const guarded = () => [...document.querySelectorAll("form[data-guard]")];

  /** What was typed and chosen; a draft keeps all of it but files. */
  function content(form) {
    const entries = [...new FormData(form)].filter(([name]) => name !== "draft");
    const files = entries.filter(([, value]) => value instanceof File && value.name);
    return {
      words: JSON.stringify(entries.filter(([, value]) => typeof value === "string").sort()),
      files: files.map(([, file]) => `${file.name} ${file.size}`).join("/"),
    };
  }

  function isUnsaved(form) {
    const [now, then] = [content(form), kept.get(form)];
    return !("sent" in form.dataset) && (now.words !== then.words || now.files !== then.files);
  }

  for (const form of guarded()) kept.set(form, content(form));

  window.addEventListener("beforeunload", (event) => {
    if (guarded().some(isUnsaved)) event.preventDefault();
  });

  // What is being sent needs no draft any more: a late one would be found again after all.
  document.addEventListener("htmx:beforeRequest", (event) => {
    const form = event.detail.elt.closest("form[data-guard]");
    if (!form) return;
    if ("sent" in form.dataset) event.preventDefault();
    underway.set(form, content(form).words);
  });

  // The server answers a kept draft with "HX-Trigger: saved", and how the page calls it from now on.
  document.addEventListener("saved", (event) => {
    const form = event.target.closest("form[data-guard]");
    if (!form) return;
    kept.get(form).words = underway.get(form);
    form.elements.draft.value = event.detail.mark;
    hold(form);
  });

  // Connected again: what could not be saved is saved now.
  window.addEventListener("online", () => {
    for (const form of guarded().filter(isUnsaved)) form.dispatchEvent(new Event("input"));
  });

  // --- Words are held in the browser until the server is known to have them -----------------------

  const HELD = "words ";
  const HELD_FOR = 48 * 60 * 60 * 1000;

  /** Lists what is held, the last first; a browser that lets nothing be held has nothing. */
  function held() {
    try {
      return Object.entries(localStorage)
        .filter(([key]) => key.startsWith(HELD))
        .map(([key, text]) => ({ key, ...JSON.parse(text) }))
        .sort((one, other) => other.at - one.at);
    } catch {
      return [];
    }
  }

  function letGo(test) {
    for (const { key } of held().filter(test)) localStorage.removeItem(key);
  }

  /** What somebody typed or chose: no file, and nothing that the page itself put there. */
  function typed(form) {
    const own = (name) => {
      const control = form.elements[name];
      return control instanceof HTMLInputElement && control.type === "hidden";
    };
    return [...new FormData(form)].filter(([name, value]) => typeof value === "string" && !own(name));
  }

  /** Holds what the server does not have; `draft` names whose words of which form, and the page. */
  function hold(form) {
    const draft = form.elements.draft;
    if (!draft) return;
    const key = `${HELD}${draft.dataset.place} ${draft.value.split(" ")[0]}`;
    try {
      if (content(form).words === kept.get(form).words) localStorage.removeItem(key);
      else localStorage.setItem(key, JSON.stringify({ at: Date.now(), fields: typed(form) }));
    } catch {
      // Full, or not allowed: the draft on the server remains.
    }
  }

  for (const name of ["input", "change"]) {
    document.addEventListener(name, (event) => {
      const form = event.target.closest?.("form[data-guard]");
      if (form) hold(form);
    });
  }

  function putBack(form, fields) {
    const values = (name) => fields.filter(([key]) => key === name).map(([, value]) => value);
    const left = new Map(fields.map(([name]) => [name, values(name)]));
    for (const control of form.elements) {
      if (!left.has(control.name) || ["hidden", "file", "submit"].includes(control.type)) continue;
      if (["checkbox", "radio"].includes(control.type)) {
        control.checked = left.get(control.name).includes(control.value);
      } else if (left.get(control.name).length) {
        control.value = left.get(control.name).shift();
      }
    }
    form.dispatchEvent(new Event("input", { bubbles: true }));
  }

  // What arrived, as the server tells in a cookie; what is old; and what goes with a link or at
  // signing out.
  const arrived = /(?:^|; )arrived=([^;]*)/.exec(document.cookie)?.[1].split(".") ?? [];
  letGo(({ key, at }) => arrived.includes(key.split(" ")[2]) || at < Date.now() - HELD_FOR);
  if (arrived.length) document.cookie = "arrived=; path=/; max-age=0; samesite=lax";
  const forgets = ({ dataset }) => letGo(({ key }) => key.startsWith(HELD + dataset.forgets));
  document.querySelectorAll("span[data-forgets]").forEach(forgets);
  window.addEventListener("submit", (event) => {
    if (event.target.matches("[data-forgets]")) forgets(event.target);
  });

  for (const form of guarded().filter(({ elements }) => elements.draft)) {
    const { place } = form.elements.draft.dataset;
    const notice = document.querySelector(`[data-held="${place}"]`);
    const found = held().find(({ key }) => key.startsWith(`${HELD}${place} `));
    if (!found || !notice) continue;
    if (JSON.stringify(found.fields) === JSON.stringify(typed(form))) {
      localStorage.removeItem(found.key);
      continue;
    }
    const words = found.fields.map(([, value]) => value.trim()).find((value) => /\s/.test(value));
    notice.querySelector("q").textContent = (words ?? "").slice(0, 60);
    notice.querySelector(".soft").textContent = new Date(found.at).toLocaleString(
      document.documentElement.lang,
      { day: "numeric", month: "long", hour: "2-digit", minute: "2-digit" },
    );
    notice.hidden = false;
    notice.addEventListener("click", ({ target }) => {
      const chosen = target.closest("button")?.value;
      if (!chosen) return;
      if (chosen === "put_back") putBack(form, found.fields);
      localStorage.removeItem(found.key);
      notice.hidden = true;
      form.querySelector("textarea, input:not([type=hidden])")?.focus();
    });
  }

  // --- data-undo="seconds": counts down until what was sent can no longer be undone ---------------

  for (const line of document.querySelectorAll("[data-undo]")) {
    const text = line.querySelector("[data-undo-time]");
    const end = performance.now() + Number(line.dataset.undo) * 1000;
    const count = () => {
      const left = Math.ceil((end - performance.now()) / 1000);
      if (left <= 0) {
        clearInterval(timer);
        for (const form of line.querySelectorAll("form")) form.remove();
        text.textContent = line.dataset.gone;
        return;
      }
      const seconds = String(left % 60).padStart(2, "0");
      text.textContent = line.dataset.left.replace("[time]", `${Math.floor(left / 60)}:${seconds}`);
    };
    const timer = setInterval(count, 1000);
    count();
  }

  // --- data-filter="#list": shows the items that hold every word typed ----------------------------

  function fold(text) {
    return text
      .normalize("NFD")
      .replace(/\p{Diacritic}/gu, "")
      .toLowerCase();
  }

  document.addEventListener("input", (event) => {
    const field = event.target.closest("[data-filter]");
    const list = field && document.querySelector(field.dataset.filter);
    if (!list) return;
    const words = fold(field.value).split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const item of list.querySelectorAll("[data-words]")) {
      const text = fold(`${item.dataset.words} ${item.textContent}`);
      // What was chosen stays in sight, whatever is typed.
      const chosen = item.querySelector("input:checked") !== null;
      item.hidden = !chosen && !words.every((word) => text.includes(word));
      if (!item.hidden) shown += 1;
    }
    for (const group of list.querySelectorAll("[data-group]")) {
      group.hidden = group.querySelector("[data-words]:not([hidden])") === null;
      if (group instanceof HTMLDetailsElement && words.length) group.open = !group.hidden;
    }
    const status = document.querySelector(`[data-filter-status="${field.dataset.filter}"]`);
    if (status) {
      const text = shown ? status.dataset.some : status.dataset.none;
      status.textContent = words.length ? text.replace("%n", shown) : "";
    }
  });

  // --- Menus and dialogs --------------------------------------------------------------------------

  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
    const opener = event.target.closest("[data-opens]");
    const dialog = opener && document.querySelector(opener.dataset.opens);
    if (dialog) {
      event.preventDefault();
      dialog.showModal();
    }
    const closer = event.target.closest("[data-closes]");
    if (closer) {
      event.preventDefault();
      closer.closest("dialog").close();
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = event.target.closest?.("details.menu[open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });

  document.addEventListener("focusout", (event) => {
    const menu = event.target.closest?.("details.menu[open]");
    if (menu && event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
  });

  // --- data-closed-small: closed at first on a phone, so that the whole is seen in one glance ------

  if (matchMedia("(width < 40rem)").matches) {
    for (const fold of document.querySelectorAll("details[data-closed-small]")) {
      fold.open = fold.querySelector(":target") !== null;
    }
  }

  // --- data-fetch: what a fold holds is fetched when it is first opened; its link leads there too --

  document.addEventListener(
    "toggle",
    ({ target }) => {
      const link =
        target.open && target.matches("[data-fetch]") && target.querySelector(":scope > a");
      if (!link || link.classList.contains("htmx-request")) return;
      const asked = htmx.ajax("GET", link.href, { source: link, target: link, swap: "outerHTML" });
      asked.catch(() => {}); // what went wrong is told below, as of every request
    },
    true, // this event does not rise
  );

  // --- data-print ---------------------------------------------------------------------------------

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-print]")) window.print();
  });

  // On paper everything stands open, also where the browser cannot do that in CSS; what is fetched
  // stays as it is.
  window.addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("main details:not([open], [data-fetch])")) {
      details.dataset.wasClosed = "";
      details.open = true;
    }
  });
  window.addEventListener("afterprint", () => {
    for (const details of document.querySelectorAll("details[data-was-closed]")) {
      delete details.dataset.wasClosed;
      details.open = false;
    }
  });

  // --- htmx: what renews itself, focus and trouble ------------------------------------------------

  const all = (root, selector) => [
    ...(root.matches(selector) ? [root] : []),
    ...root.querySelectorAll(selector),
  ];
  const newsIn = (root) => all(root, "[data-news]").map((element) => element.dataset.news);

  /** Finds the same control in new content; null for one that has nothing of its own. */
  function selectorOf(control) {
    const named = (element, ...names) =>
      names
        .filter((name) => element?.hasAttribute(name))
        .map((name) => `[${name}="${CSS.escape(element.getAttribute(name))}"]`)
        .join("");
    const form = named(control.form, "action");
    const own = named(control, "id", "href", "name", "value");
    return form || own ? `${form && `form${form} `}${control.localName}${own}` : null;
  }

  // Nobody looks: what asks again by itself waits.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (document.hidden && event.detail.elt.dataset.hxTrigger?.startsWith("every")) {
      event.preventDefault();
    }
  });

  // What was there before a swap, by its request.
  const before = new WeakMap();

  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target, serverResponse, xhr } = event.detail;
    const control = target.contains(document.activeElement) ? document.activeElement : null;
    before.set(xhr, { control: control && (selectorOf(control) ?? ""), news: newsIn(target) });
    // "Saved" is said when its words change, not at every pause in the typing.
    if (target.matches(".saved") && target.innerHTML.trim() === serverResponse.trim()) {
      event.detail.shouldSwap = false;
    }
  });

  // The event comes from each new element, as the old ones are gone.
  document.addEventListener("htmx:afterSettle", (event) => {
    const fresh = event.target;
    const { control, news } = before.get(event.detail.xhr) ?? { control: null, news: [] };
    announce(all(fresh, "[data-announce]")[0]?.dataset.announce);
    announce(newsIn(fresh).filter((text) => !news.includes(text)).join(". "));
    // Focus that went down with the old content goes to the same control, or else to where the new
    // content begins.
    if (control !== null && document.activeElement === document.body) {
      const place = (control && all(fresh, control)[0]) || fresh;
      if (!place.matches("a, button, input, select, textarea, summary")) place.tabIndex = -1;
      place.focus({ preventScroll: true });
    }
  });

  /** Shows one of the messages on what went wrong, or none. */
  function setTrouble(id) {
    for (const message of document.querySelectorAll(".trouble")) message.hidden = message.id !== id;
  }
  document.addEventListener("htmx:sendError", () => setTrouble("trouble"));
  document.addEventListener("htmx:timeout", () => setTrouble("trouble"));
  document.addEventListener("htmx:responseError", (event) => {
    setTrouble(event.detail.xhr.status === 401 ? "signed-out" : "trouble");
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!event.detail.isError) setTrouble("");
  });
})();
