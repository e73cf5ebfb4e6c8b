// Improves pages that already work. The same file is the worker that does the human check.
"use strict";

// SHA-256 (FIPS 180-4) of a short ASCII text, as eight words. One call of the browser's own digest
// costs more than a whole hash here: it is asynchronous.
const sha256 = (() => {
  const k = new Int32Array(64);
  const start = new Int32Array(8);
  let found = 0;
  for (let n = 2; found < 64; n++) {
    let prime = true;
    for (let d = 2; d * d <= n; d++) if (n % d === 0) { prime = false; break; }
    if (!prime) continue;
    const fraction = (x) => ((x - Math.floor(x)) * 0x100000000) | 0;
    if (found < 8) start[found] = fraction(Math.sqrt(n));
    k[found++] = fraction(Math.cbrt(n));
  }
  const w = new Int32Array(64);
  return (text) => {
    const blocks = ((text.length + 8) >> 6) + 1;
    const m = new Int32Array(blocks * 16);
    for (let i = 0; i < text.length; i++) m[i >> 2] |= text.charCodeAt(i) << (24 - (i & 3) * 8);
    m[text.length >> 2] |= 0x80 << (24 - (text.length & 3) * 8);
    m[blocks * 16 - 1] = text.length * 8;
    const h = Int32Array.from(start);
    for (let at = 0; at < m.length; at += 16) {
      for (let i = 0; i < 16; i++) w[i] = m[at + i];
      for (let i = 16; i < 64; i++) {
        const x = w[i - 15], y = w[i - 2];
        const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
        const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
        w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
      }
      let [a, b, c, d, e, f, g, hh] = h;
      for (let i = 0; i < 64; i++) {
        const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
        const t1 = (hh + s1 + ((e & f) ^ (~e & g)) + k[i] + w[i]) | 0;
        const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
        const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
        hh = g; g = f; f = e; e = (d + t1) | 0; d = c; c = b; b = a; a = (t1 + t2) | 0;
      }
      h[0] += a; h[1] += b; h[2] += c; h[3] += d; h[4] += e; h[5] += f; h[6] += g; h[7] += hh;
    }
    return h;
  };
})();

// Whether SHA-256 of `challenge:nonce` begins with that many zero bits (at most 32).
const solves = (challenge, bits, nonce) =>
  bits === 0 || (sha256(challenge + ":" + nonce)[0] >>> (32 - bits)) === 0;

const search = (challenge, bits, from, count) => {
  for (let n = from; n < from + count; n++) if (solves(challenge, bits, n)) return n;
  return -1;
};

if (typeof document === "undefined") {
  self.onmessage = ({ data: { challenge, bits } }) => {
    let from = 0, nonce = -1;
    while (nonce < 0) { nonce = search(challenge, bits, from, 4096); from += 4096; }
    self.postMessage(nonce);
  };
} else {
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const language = document.documentElement.lang;

  // The error summary takes the focus, also where `autofocus` does not.
  document.querySelector(".alert-error")?.focus();

  // The human check: it starts with the page, so that it is done before anybody has typed.
  const solve = ({ challenge, bits, script }) => new Promise((done) => {
    const inChunks = () => {
      let from = 0;
      const chunk = () => {
        const nonce = search(challenge, +bits, from, 2000);
        from += 2000;
        if (nonce < 0) setTimeout(chunk); else done(nonce);
      };
      chunk();
    };
    try {
      const worker = new Worker(script);
      worker.onmessage = ({ data }) => { worker.terminate(); done(data); };
      worker.onerror = () => { worker.terminate(); inChunks(); };
      worker.postMessage({ challenge, bits: +bits });
    } catch { inChunks(); }
  });

  for (const form of $$("form[data-work]")) {
    const nonce = form.elements.namedItem("nonce");
    const status = form.querySelector(".status");
    const button = form.querySelector("button.primary");
    // A browser may have kept the solution of an older page.
    nonce.value = "";
    const solved = solve(form.dataset).then((found) => { nonce.value = String(found); });
    form.addEventListener("submit", async (event) => {
      if (nonce.value !== "") return;
      event.preventDefault();
      if (button.getAttribute("aria-disabled") === "true") return;
      button.setAttribute("aria-disabled", "true");
      status.textContent = status.dataset.busy;
      await solved;
      status.textContent = "";
      form.requestSubmit();
    });
  }

  // A passkey: the button asks the device, and the form is sent with what it answers. Whatever goes
  // wrong there is said beside the button, and the same form can be tried again.
  for (const form of $$("form[data-passkey]")) {
    const credential = form.elements.namedItem("credential");
    const button = form.querySelector("button.primary");
    const status = form.querySelector(".status");
    const making = form.dataset.passkey === "create";
    const parse = making ? "parseCreationOptionsFromJSON" : "parseRequestOptionsFromJSON";
    credential.value = "";
    if (!window.PublicKeyCredential?.[parse] || !navigator.credentials) {
      status.textContent = status.dataset.unsupported;
      button.disabled = true;
      continue;
    }
    form.addEventListener("submit", async (event) => {
      if (credential.value !== "") return;
      event.preventDefault();
      if (button.getAttribute("aria-disabled") === "true") return;
      button.setAttribute("aria-disabled", "true");
      status.textContent = status.dataset.busy;
      try {
        const publicKey = PublicKeyCredential[parse](JSON.parse(form.dataset.options));
        const answer = await navigator.credentials[making ? "create" : "get"]({ publicKey });
        credential.value = JSON.stringify(answer.toJSON());
        status.textContent = "";
      } catch {
        status.textContent = status.dataset.failed;
        return;
      } finally {
        button.removeAttribute("aria-disabled");
      }
      form.requestSubmit();
    });
  }

  // One press is enough, unless it is for a file, after which the page stays.
  for (const form of $$("form[method=post]:not([data-download])")) {
    let sent = false;
    form.addEventListener("submit", (event) => {
      if (event.defaultPrevented) return;
      if (sent) { event.preventDefault(); return; }
      sent = true;
      form.querySelector("button.primary")?.setAttribute("aria-disabled", "true");
    });
    window.addEventListener("pageshow", () => {
      sent = false;
      form.querySelector("button.primary")?.removeAttribute("aria-disabled");
    });
  }

  // What is of use only later appears later.
  for (const part of $$("[data-wait]")) {
    const wait = +part.dataset.wait;
    if (wait > 0) {
      part.hidden = true;
      setTimeout(() => { part.hidden = false; }, wait);
    }
  }

  // A secret that came after the # goes into its field and out of the address; also when the page
  // was open already, and only what is after the # is new.
  for (const form of $$("form[data-from-fragment]")) {
    const take = () => {
      const secret = location.hash.slice(1);
      if (secret === "") return;
      history.replaceState(null, "", location.pathname + location.search);
      form.elements.namedItem(form.dataset.fromFragment).value = secret;
    };
    take();
    window.addEventListener("hashchange", take);
  }

  // Moments in the reader's own time zone and language.
  for (const time of $$("time[data-local]")) {
    const moment = new Date(time.dateTime);
    if (!Number.isNaN(moment.valueOf())) {
      // As the pages themselves write it: day, month, year.
      const locale = { en: "en-GB", "ar-XB": "en-GB" }[language] ?? language;
      time.textContent = new Intl.DateTimeFormat(locale, { dateStyle: "long", timeStyle: "short" }).format(moment);
    }
  }

  // Show and hide.
  for (const button of $$("button[data-show]")) {
    const field = document.getElementById(button.getAttribute("aria-controls"));
    const show = (visible) => {
      field.type = visible ? "text" : "password";
      button.textContent = visible ? button.dataset.hide : button.dataset.show;
      button.setAttribute("aria-label", button.textContent + ": " + button.dataset.name);
    };
    show(false);
    button.hidden = false;
    button.addEventListener("click", () => show(field.type === "password"));
    field.form.addEventListener("submit", () => show(false));
  }

  // Rules that the text alone can tell tick off at every key. The service counts characters after
  // NFC, as is done here; it has the last word.
  const tests = {
    "min-length": (text, n) => [...text].length >= n,
    "max-length": (text, n) => [...text].length <= n,
    "classes": (text, n) =>
      [/\p{Lowercase}/u, /\p{Uppercase}/u, /\p{N}/u, /[^\p{Lowercase}\p{Uppercase}\p{N}\p{Cc}]/u]
        .filter((kind) => kind.test(text)).length >= n,
    "no-control-characters": (text) => !/\p{Cc}/u.test(text),
    "printable-ascii": (text) => /^[ -~]*$/.test(text),
  };
  for (const form of $$("form[data-password]")) {
    const field = form.elements.namedItem("new_password");
    const confirm = form.elements.namedItem("confirm_password");
    const matches = form.querySelector(".matches");
    const live = form.querySelector(".rules .status");
    const rules = $$("[data-rule]", form).filter((rule) => tests[rule.dataset.rule]);
    let told = 0;
    const check = () => {
      const text = field.value.normalize("NFC");
      let changed = [];
      for (const rule of rules) {
        const met = text !== "" && tests[rule.dataset.rule](text, +rule.dataset.number);
        const state = text === "" ? "" : met ? "met" : "unmet";
        const words = state && live.dataset[state];
        const label = rule.querySelector(".state");
        if (label.textContent === words) continue;
        rule.className = ("rule " + state).trim();
        label.textContent = words;
        if (words) changed.push(label.previousSibling.textContent.trim() + ": " + words);
      }
      const same = confirm.value !== "" && confirm.value === field.value;
      const hint = confirm.value === "" ? "" : same ? matches.dataset.yes : matches.dataset.no;
      if (matches.textContent !== hint) matches.textContent = hint;
      clearTimeout(told);
      // Spoken once typing pauses, not at every key.
      if (changed.length) told = setTimeout(() => { live.textContent = changed.join(". "); }, 700);
    };
    field.addEventListener("input", check);
    confirm.addEventListener("input", check);
  }

  // The demo's copy buttons.
  for (const button of $$("button[data-copy]")) {
    const field = document.getElementById(button.dataset.copy);
    button.hidden = false;
    button.addEventListener("click", async () => {
      field.select();
      try { await navigator.clipboard.writeText(field.value); } catch { return; }
      button.textContent = button.dataset.done;
    });
  }
}
