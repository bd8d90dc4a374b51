"use strict";

/* What verifier.py does, for who opens the page: see there what is followed. The page shows nothing of
   the case but what it reads from `told`, which is what it verifies. */

const told = JSON.parse(document.getElementById("told").textContent);
const words = JSON.parse(document.getElementById("words").textContent);

const bytesOf = (text) => new TextEncoder().encode(text);
const fromHex = (hex) => Uint8Array.from(hex.match(/../g) || [], (pair) => parseInt(pair, 16));
const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const joined = (...parts) => new Uint8Array(parts.flatMap((part) => Array.from(part)));
const digest = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
const hashed = async (text) => toHex(await digest(bytesOf(text)));
const say = (key, values = {}) =>
  words.said[key].replace(/%\((\w+)\)s/g, (_all, name) => values[name]);
const clock = new Intl.DateTimeFormat(document.documentElement.lang, {
  dateStyle: "long",
  timeStyle: "short",
  timeZone: told.zone,
});
const calendar = new Intl.DateTimeFormat(document.documentElement.lang, {
  dateStyle: "long",
  timeZone: "UTC", // in which a day is read that has no hour
});
// Such as operating systems put beside what was unpacked.
const isAdded = (name) => /(^|\/)(\.ds_store|desktop\.ini|thumbs\.db|\._[^/]*)$/i.test(name);
const kindOf = (name) => name.split(":")[0].split(".")[1];
const moment = (text) => (text ? clock.format(new Date(text)) : "");
const day = (text) => (text ? calendar.format(new Date(text)) : "");

/* --- Verifying ---------------------------------------------------------------------------------- */

/** Look for what does not fit in a case under what was typed as its root; `files` are [name, hash] of
    each that was chosen, or of each there is (`isWhole`). */
async function verify(told, files, typed, isWhole) {
  const found = { faults: [], later: [], unclear: [], proven: [], remarks: [] };
  const root = typed.replace(/\s/g, "").toLowerCase();
  let until = ""; // the last step of the case that the root covers, where more followed
  const counted = [];
  let covered = ""; // the moment of the checkpoint, once it is known
  const people = namesIn(told);
  const rows = new Map();
  const unproven = new Map();
  const erased = new Set(); // the digests of what was lawfully erased from the set
  const erasedLater = new Set(); // and of what was erased after the checkpoint
  const digests = new Map();
  const ownKey = `case:${told.case}`;
  const fault = (key, values) => found.faults.push(say(key, values));

  const toldBy = (event) =>
    say("event", {
      number: event.number,
      what: words.verbs[event.verb] || event.verb,
      moment: moment(event.recorded_at),
      who: people.get(event.by) || say("somebody"),
    });
  const call = (name) => {
    const [model, pk] = name.split(".")[1].split(":");
    return `${words.rows[model] || model} (${pk.slice(0, 8)})`;
  };

  async function chain({ key, events: texts, rows: there }, installation, heads) {
    const events = texts.map((text) => JSON.parse(text));
    if (digests.has(key)) {
      fault("twice", { key });
      return;
    }
    const hashes = await Promise.all(texts.map(hashed));
    digests.set(key, hashes);
    for (const [place, event] of events.entries()) {
      if (event.chain !== key || event.number !== place + 1) {
        fault("missing_event", { key, number: place + 1 });
        break;
      }
      if (place && event.previous !== hashes[place - 1]) {
        fault("altered", { what: `${key}: ${toldBy(events[place - 1])}` });
        break;
      }
      const start = JSON.stringify(["chains of", installation]);
      if (!place && installation && event.previous !== (await hashed(start))) {
        fault("other_installation", { key });
        break;
      }
    }
    let length = events.length;
    if (installation) {
      let head;
      [length, head] = heads.get(key) || [0, ""];
      const values = { key, steps: events.length, rows: Object.keys(there).length };
      if (!length) found.unclear.push(say("not_covered", values));
      else if (length > events.length) fault("cut_off", { key, count: length - events.length });
      else if (hashes[length - 1] !== head)
        fault("altered", { what: `${key}: ${toldBy(events[length - 1])}` });
    }
    if (key === ownKey && length && length < events.length) until = toldBy(events[length - 1]);
    await compareRows(key, there, events.slice(0, length), events.slice(length));
  }

  function statedIn(events) {
    const stated = new Map();
    for (const event of events)
      for (const [name, statement] of Object.entries(event.statement.rows))
        stated.set(name, [statement, event]);
    return stated;
  }

  async function compareRows(key, there, events, after) {
    const stated = statedIn(events);
    const later = statedIn(after);
    const anew = statedAnew(there, [...events, ...after]);
    const kind = key.split(":")[0];
    const changed = new Set(); // what stood otherwise at the checkpoint, or bears on this case
    for (const [name, text] of Object.entries(there)) {
      const [called, , content] = JSON.parse(text);
      const [statement, event] = later.get(name) || stated.get(name) || [null, null];
      const [model, pk] = name.slice(name.indexOf(".") + 1).split(":");
      const what = call(name);
      const isRestated = later.has(name) && stated.has(name);
      let before;
      if (!words.homes[kind].includes(model) || (model === kind && key !== `${kind}:${pk}`))
        fault("misplaced", { what, key });
      else if (statement === null) fault("put_in", { what });
      else if (called !== name || statement !== (await hashed(text)))
        fault("not_as_stated", { what, event: toldBy(event) });
      else if (anew.has(name)) fault("stated_anew", { what, event: toldBy(anew.get(name)) });
      else if (!later.has(name)) rows.set(name, content);
      else if (key !== ownKey && isRestated && (before = await rowBefore(there, text, stated.get(name))))
        rows.set(name, before);
      else {
        unproven.set(name, content);
        if (key === ownKey || isRestated || model.startsWith("contradiction")) {
          changed.add(name);
          found.later.push(say("later_row", { what, event: toldBy(event) }));
        }
      }
    }
    for (const [name, text] of Object.entries(there))
      if (key === ownKey && kindOf(name) === "erasure" && (rows.has(name) || unproven.has(name)))
        (stated.has(name) ? erased : erasedLater).add(JSON.parse(text)[2].digest);
    for (const [name, [statement, event]] of new Map([...stated, ...later])) {
      if (name in there) continue;
      const what = call(name);
      // Nothing that a settled case holds is ever taken away.
      const [held, by] = statement === null ? stated.get(name) || [null, event] : [statement, event];
      if (held !== null && !isSealed(name, what)) fault("removed", { what, event: toldBy(by) });
    }
    wentOn(key, changed, after);
  }

  /** Find which of the rows that never change were stated otherwise than before, by the event that
      does; not where an erasure, which the same event states, blanked what it names. */
  function statedAnew(texts, events) {
    const said = new Map();
    const anew = new Map();
    for (const event of events) {
      const stated = Object.entries(event.statement.rows);
      const erasures = stated.map(([name]) => name).filter((name) => name.startsWith("records.erasure:"));
      for (const [name, statement] of stated) {
        if (!Object.hasOwn(words.lasting, kindOf(name)) || statement === null) continue;
        if (said.has(name) && said.get(name) !== statement)
          if (!erasures.some((other) => isBlanked(name, other, texts))) anew.set(name, event);
        said.set(name, statement);
      }
    }
    return anew;
  }

  /** Tell whether this erasure is of this row, or of a part of it, and what it names is blank there. */
  function isBlanked(name, erasure, texts) {
    if (!(name in texts && erasure in texts)) return false;
    const [row, told] = [name, erasure].map((each) => JSON.parse(texts[each])[2]);
    const pk = told.name.slice(told.name.indexOf(":") + 1);
    const erasable = words.lasting[kindOf(name)];
    const kind = kindOf(told.name);
    const columns = Object.hasOwn(erasable, kind) ? erasable[kind] : [];
    const parts = Object.values(row).filter((part) => part instanceof Object && Object.hasOwn(part, pk));
    const isBlank = (one, column) => Object.hasOwn(one, column) && [null, ""].includes(one[column]);
    return (
      told.columns.length > 0 &&
      [...told.columns].every((column) => columns.includes(column)) &&
      (told.name === name ? [row] : parts.map((part) => part[pk])).some((one) =>
        told.columns.every((column) => isBlank(one, column)),
      )
    );
  }

  /** Tell whether this is a judgement that was never opened, which nobody reads. */
  function isSealed(name, what) {
    const own = rows.get(`committees.case:${told.case}`);
    const later = unproven.get(`committees.case:${told.case}`) || { opened_at: true };
    if (!name.startsWith("committees.judgement:") || (own || later).opened_at) return false;
    if (own) found.remarks.push(say("sealed", { what }));
    else found.unclear.push(say("sealed_later", { what }));
    return true;
  }

  /** Read how a row was that only ended after the checkpoint, if that is what the root proves. */
  async function rowBefore(there, text, [statement]) {
    const ended = /"(ended_at|closed_at)":"([^"]*)"/g;
    if ([...text.matchAll(ended)].some(([, , when]) => when < covered)) return null;
    const texts = [text.replace(ended, (_all, key) => `"${key}":null`)];
    texts.push(texts[0].replaceAll('"state":"closed"', '"state":"open"'));
    const mandates = Object.keys(there).filter((name) => name.startsWith("committees.mandate:"));
    for (const value of ["null", ...mandates.map((name) => JSON.stringify(name.split(":")[1]))])
      texts.push(text.replace(/"mandate":"[^"]*"/g, () => `"mandate":${value}`));
    for (const each of texts) if ((await hashed(each)) === statement) return JSON.parse(each)[2];
    return null;
  }

  /** Say what was done after the checkpoint: of each step of the case, and of what bears on it; of the
      rest of a meeting or a committee, how many steps it is. */
  function wentOn(key, changed, after) {
    let count = 0;
    for (const event of after) {
      const bears = Object.keys(event.statement.rows).some((name) => changed.has(name));
      if (key === ownKey || bears || event.recorded_at < covered)
        found.later.push(say("later", { what: toldBy(event) }));
      else count += 1;
    }
    if (count) found.remarks.push(say(`went_on_${key.split(":")[0]}`, { count }));
  }

  async function snapshot() {
    const [sets, later] = [rows, unproven].map((from) =>
      [...from].filter(([name]) => name.startsWith("committees.snapshot:")).map(([, row]) => row.digest),
    );
    if ([...sets, ...later].join() !== (await hashed(told.manifest))) fault("other_manifest");
    const items = new Map(told.items.map((item) => [item.digest, item]));
    const named = new Map(JSON.parse(told.manifest).items.map((item) => [item.digest, item.kind]));
    let number = 0;
    for (const [key, kind] of named) {
      number += 1;
      const what = say("item", { number, kind: words.kinds[kind] || kind });
      const item = items.get(key);
      if (!item) fault("item_removed", { what });
      else if ("content" in item) {
        const salted = joined(fromHex(item.salt), bytesOf(item.content));
        if (toHex(await digest(salted)) !== key) fault("altered", { what });
      } else if (erased.has(key)) found.remarks.push(say("erased", { what }));
      else if (erasedLater.has(key)) found.later.push(say("erased_later", { what }));
      else fault("empty", { what });
    }
    for (const key of items.keys())
      if (!named.has(key)) fault("item_put_in", { what: key.slice(0, 12) });
    if (items.size < told.items.length) fault("item_twice");
    else if (items.size === named.size && [...items.keys()].every((each) => named.has(each)))
      if ([...items.keys()].join() !== [...named.keys()].join()) fault("other_order");
    if (sets.length) counted.push(say("proven_set", { count: named.size }));
    return told.items.filter((item) => named.get(item.digest) === "piece" && "content" in item);
  }

  function compareFiles(pieces) {
    const named = new Map();
    for (const piece of pieces)
      for (const file of JSON.parse(piece.content).files)
        if (file.digest) named.set(file.digest, [...(named.get(file.digest) || []), file.name]);
    const there = new Set(files.map(([, key]) => key));
    const chosen = new Set(files.map(([name]) => name));
    let compared = 0;
    for (const [key, names] of named)
      if (there.has(key)) compared += 1;
      else if (isWhole || names.some((name) => chosen.has(`files/${key.slice(0, 12)} ${name}`)))
        fault("file_missing", { name: names.join(", ") });
      else found.remarks.push(say("file_not_compared", { name: names.join(", ") }));
    if (named.size && counted.length) counted.push(say("proven_files", { count: compared, all: named.size }));
    for (const [name, key] of files)
      if (isAdded(name)) found.remarks.push(say("passed_over", { name }));
      else if (!(named.get(key) || []).some((each) => name === `files/${key.slice(0, 12)} ${each}`))
        fault("file_put_in", { name });
  }

  /** Say why what was typed is no root under which this archive proves itself. The roots that it leads
      to are not said: who took one from here would prove the archive by itself. */
  function whyNot(root) {
    const code = root.replaceAll("-", "");
    const codes = told.chains.flatMap((chain) =>
      Object.entries(chain.rows)
        .filter(([name]) => name.startsWith("committees.announcement:"))
        .map(([, text]) => JSON.parse(text)[2].head),
    );
    if (code.length >= 20 && codes.some((each) => each.startsWith(code)))
      found.unclear.push(say("code_for_root"));
    else if (!/^[0-9a-f]{64}$/.test(root))
      found.unclear.push(say("no_root_at_all", { count: root.length }));
    else found.unclear.push(say("no_root"));
    const firsts = told.proofs.map(({ leaves }) => (leaves.length ? JSON.parse(leaves[0].leaf) : []));
    const days = firsts.map(([kind, , , when]) => (kind === "checkpoint" ? when : "")).sort();
    const list = new Intl.ListFormat(document.documentElement.lang);
    const values = { count: days.length, days: list.format(days.map((when) => moment(when) || "–")) };
    found.unclear.push(say("its_checkpoints", values));
  }

  function sayWhatIsProven() {
    const of = (model) =>
      [...rows].filter(([name]) => name.startsWith(`committees.${model}:`)).map(([, row]) => row);
    if (until) found.proven.push(say("proven_until", { event: until }));
    for (const row of of("decision").sort((a, b) => a.number - b.number)) {
      const who = people.get(row.by) || say("somebody");
      found.proven.push(say("proven_decision", { moment: moment(row.recorded_at), who }));
    }
    const judged = new Set(of("judgement").map((row) => row.person));
    if (judged.size) found.proven.push(say("proven_judgements", { count: judged.size }));
    found.proven.push(...counted);
  }

  try {
    for (const name of new Set([...Object.keys(told), ...words.held]))
      if (!(name in told) || !words.held.includes(name)) fault("foreign", { name });
    const has = (each, ...names) => Object.keys(each).sort().join() === names.sort().join();
    for (const [part, isRight] of [
      ["chains", told.chains.every((each) => has(each, "key", "events", "rows"))],
      ["proofs", told.proofs.every((each) => has(each, "root", "leaves"))],
      ["proofs", told.proofs.every(({ leaves }) => leaves.every((each) => has(each, "leaf", "path")))],
      ["items", told.items.every((each) => has(each, "digest") || has(each, "digest", "salt", "content"))],
    ])
      if (!isRight) fault("foreign", { name: part });
    if (told.format !== words.format)
      found.unclear.push(say("other_format", { format: told.format }));
    const values = { moment: moment(told.exported_at), zone: told.zone };
    found.remarks.push(say("not_proven", values));
    const led = await Promise.all(told.proofs.map(rootOf));
    const place = led.indexOf(root);
    let installation = "";
    let heads = new Map();
    if (!root || place < 0) whyNot(root);
    else {
      const leaves = told.proofs[place].leaves;
      const [first, ...others] = leaves.map((each) => JSON.parse(each.leaf));
      if (first[0] !== "checkpoint" || leaves[0].path.some(([side]) => side === "left"))
        fault("no_checkpoint");
      else {
        installation = first[1];
        covered = first[3];
        heads = new Map(others.map(([key, length, head]) => [key, [length, head]]));
        const values = { number: first[2], installation, chains: first[4] };
        values.moment = moment(first[3]);
        found.remarks.push(say("checkpoint", values));
      }
    }
    for (const each of told.chains) await chain(each, installation, heads);
    const said = new Map([...unproven, ...rows]);
    const own = said.get(`committees.case:${told.case}`) || {};
    const meeting = said.get(`committees.meeting:${own.meeting}`) || {};
    const keys = [ownKey, `meeting:${own.meeting}`, `committee:${meeting.committee}`];
    for (const key of keys) if (!digests.has(key)) fault("chain_missing", { key });
    for (const key of digests.keys()) if (!keys.includes(key)) fault("chain_put_in", { key });
    const pieces = await snapshot();
    compareFiles(pieces);
    for (const [name, row] of new Map([...unproven, ...rows]))
      if (name.startsWith("committees.announcement:"))
        if (!(digests.get(ownKey) || []).includes(row.head)) fault("other_code");
        else if (rows.has(name)) found.remarks.push(say("code", { code: row.head }));
    if (!found.faults.length && !found.unclear.length) sayWhatIsProven();
  } catch (error) {
    fault("unreadable", { why: error.message });
  }
  return { ...found, rows, people };
}

/** Compute the root to which a proof leads; none where its leaves lead to several. */
async function rootOf(proof) {
  const roots = new Set();
  for (const { leaf, path } of proof.leaves) {
    let node = await digest(joined([0], bytesOf(leaf)));
    for (const [side, hex] of path) {
      const beside = fromHex(hex);
      node = await digest(side === "left" ? joined([1], beside, node) : joined([1], node, beside));
    }
    roots.add(toHex(node));
  }
  return roots.size === 1 ? [...roots][0] : "";
}

/** Read who is who from the items, by id. */
function namesIn(told) {
  const people = new Map();
  for (const item of told.items || [])
    if ("content" in item) {
      const content = JSON.parse(item.content);
      if (Object.keys(content).sort().join() === "id,name") people.set(content.id, content.name);
    }
  return people;
}

/* --- Showing ------------------------------------------------------------------------------------ */

const main = document.querySelector("main");

function add(where, name, text, kind) {
  const element = document.createElement(name);
  if (text !== undefined) element.textContent = text;
  if (kind) element.className = kind;
  where.append(element);
  return element;
}

function section(title) {
  const part = add(main, "section");
  add(part, "h2", title);
  return part;
}

function facts(where, pairs) {
  const list = add(where, "dl");
  for (const [name, value] of pairs)
    if (value !== undefined && value !== "") {
      add(list, "dt", name);
      add(list, "dd", value);
    }
}

/** Show the case as it stands in what was verified. */
function show() {
  const items = { piece: [], feedback: [], check_in: [], set_aside: [] };
  const kinds = new Map(JSON.parse(told.manifest).items.map((item) => [item.digest, item.kind]));
  for (const item of told.items)
    if ("content" in item) {
      const kind = kinds.get(item.digest);
      items[kind] = [...(items[kind] || []), JSON.parse(item.content)];
    }
  const people = namesIn(told);
  const who = (id) => people.get(id) || say("somebody");
  const frame = items.frame[0];
  const terms = items.terms[0];
  const rowsOf = (wanted) =>
    told.chains.flatMap(({ key, rows }) => (key === wanted ? Object.entries(rows) : []));
  const caseRows = rowsOf(`case:${told.case}`);
  const of = (model, rows = caseRows) =>
    rows
      .filter(([name]) => name.startsWith(`committees.${model}:`))
      .map(([name, text]) => [name.split(":")[1], JSON.parse(text)[2]]);
  const parts = new Map(frame.parts.map((part) => [part.id, part.title]));
  const found = (outcome) => words.outcomes[outcome] || outcome;

  document.title = `${who(frame.student)}, ${frame.unit}`;
  document.querySelector("h1").textContent = who(frame.student);
  document.getElementById("programme").textContent = `${frame.unit} · ${frame.programme}`;

  const own = of("case").find(([id]) => id === told.case)[1];
  const meetingRows = rowsOf(`meeting:${own.meeting}`);
  const replaced = new Map(of("supersession").map(([, row]) => [row.earlier, row.reason]));
  for (const [id, decision] of of("decision").sort((a, b) => b[1].number - a[1].number)) {
    const fell = replaced.has(id) ? "decision_replaced" : "decision_set_back";
    const part = section(say(own.decision === id ? "decision" : fell));
    facts(part, [
      [say("recorded"), `${moment(decision.recorded_at)}, ${who(decision.by)}`],
      [say("because"), replaced.get(id)],
    ]);
    const list = add(part, "ul");
    for (const finding of Object.values(decision.findings).sort((a, b) => a.order - b.order)) {
      const line = add(list, "li", `${parts.get(finding.part)}: ${found(finding.outcome)}`);
      if (finding.to_show) add(line, "p", finding.to_show);
    }
    add(part, "p", decision.motivation, "words");
  }
  for (const [, deferral] of of("deferral")) {
    const part = section(say("deferred"));
    add(part, "p", deferral.reason, "words");
    facts(part, [[say("recorded"), `${moment(deferral.recorded_at)}, ${who(deferral.by)}`]]);
  }
  const outcome = of("decision").find(([id]) => id === own.decision) || of("deferral")[0];
  const panel = outcome ? outcome[1].panel : terms.panel;
  const committee = section(say("committee"));
  const list = add(committee, "ul");
  for (const seat of panel.seats) {
    const notes = [words.roles[seat.role] || seat.role];
    if (seat.present) notes.push(say("present"));
    if (seat.aside) notes.push(say("aside"));
    if (seat.disclosed) notes.push(say("disclosed"));
    add(list, "li", `${who(seat.person)}: ${notes.join(", ")}`);
  }
  const absent = of("contradiction", meetingRows);
  const answers = of("contradictionanswer", meetingRows);
  const attended = new Map(of("attendance", meetingRows));
  if (absent.length) add(committee, "h3", say("not_there"));
  for (const [id, said] of absent) {
    const each = add(committee, "p", `${who(attended.get(said.attendance).person)}, ${moment(said.recorded_at)}`);
    const [, given] = answers.find(([, row]) => row.contradiction === id) || [];
    const held = given && (given.was_there ? "secretary_there" : "secretary_not_there");
    each.append(": ", given ? `${say(held)} (${who(given.by)}, ${moment(given.recorded_at)})` : say("unanswered"));
    if (given && given.reason) add(committee, "p", given.reason, "words");
  }
  facts(committee, [
    [say("reference"), moment(terms.reference_at)],
    [say("quorum"), String(panel.quorum)],
    [say("judgements_asked"), String(panel.judgements_asked)],
    [say("mandate"), `${day(terms.mandate.given_on)}: ${terms.mandate.text}`],
    [say("procedure"), terms.mandate.procedure],
  ]);
  const judged = new Map();
  for (const [, row] of of("judgement").sort((a, b) => b[1].number - a[1].number))
    judged.set(row.person, [...(judged.get(row.person) || []), row]);
  const judge = (where, judgement) => {
    const each = add(where, "ul");
    for (const [id, title] of parts) add(each, "li", `${title}: ${found(judgement.findings[id])}`);
    add(where, "p", judgement.motivation, "words");
  };
  if (judged.size) {
    const part = section(say("judgements"));
    const byName = (a, b) => who(a[0]).localeCompare(who(b[0]));
    for (const [person, [last, ...before]] of [...judged].sort(byName)) {
      add(part, "h3", `${who(person)}, ${moment(last.recorded_at)}`);
      judge(part, last);
      for (const judgement of before) {
        const earlier = add(part, "details");
        add(earlier, "summary", say("earlier_version", { moment: moment(judgement.recorded_at) }));
        judge(earlier, judgement);
      }
    }
  }
  const set = section(say("set"));
  for (const piece of items.piece) {
    const article = add(set, "details");
    add(article, "summary", `${piece.title} (${day(piece.happened_on)})`);
    for (const text of [piece.context, piece.reflection]) if (text) add(article, "p", text, "words");
    for (const file of piece.files) add(article, "p", `${file.name}  ${file.digest.slice(0, 12)}`, "code");
    for (const given of items.feedback.filter((each) => each.piece === piece.id)) {
      const standing = words.standings[given.standing];
      add(article, "h3", `${who(given.giver)}, ${day(given.given_on)} (${standing})`);
      for (const remark of given.remarks) add(article, "p", remark.text, "words");
    }
  }
  if (items.set_aside.length) {
    const part = section(say("set_aside"));
    const each = add(part, "ul");
    for (const aside of items.set_aside) add(each, "li", `${aside.title}: ${aside.reason}`);
  }
  if (items.check_in.length) {
    const part = section(say("check_ins"));
    for (const held of items.check_in.sort((a, b) => (a.held_on < b.held_on ? -1 : 1))) {
      const light = words.lights[held.light];
      add(part, "h3", light ? `${day(held.held_on)}: ${light}` : day(held.held_on));
      add(part, "p", held.summary, "words");
    }
  }
  const steps = section(say("steps"));
  add(steps, "p", say("moments", { zone: told.zone }), "soft");
  const ordered = add(steps, "ol");
  const key = `case:${told.case}`;
  for (const text of told.chains.find((chain) => chain.key === key).events) {
    const event = JSON.parse(text);
    const what = words.verbs[event.verb] || event.verb;
    const by = event.by ? who(event.by) : say("system");
    add(ordered, "li", `${moment(event.recorded_at)}: ${by} ${what}`);
  }
}

const answer = document.getElementById("answer");

const VERDICTS = ["bad", "unclear", "partly", "good"];

async function check(event) {
  event.preventDefault();
  const typed = document.getElementById("root").value;
  const chosen = [...document.getElementById("files").files];
  const files = await Promise.all(
    chosen.map(async (file) => [`files/${file.name}`, toHex(await digest(await file.arrayBuffer()))]),
  );
  const { faults, unclear, later, proven, remarks } = await verify(told, files, typed, false);
  const place = [faults, unclear, later].findIndex((part) => part.length);
  const verdict = VERDICTS.at(place);
  answer.replaceChildren();
  answer.className = verdict;
  add(answer, "h2", say(`verdict_${verdict}`)).tabIndex = -1;
  const listed = (title, texts) => {
    if (!texts.length) return;
    if (title) add(answer, "h3", title);
    const list = add(answer, "ul");
    for (const text of texts) add(list, "li", text);
  };
  listed("", [...faults, ...unclear, ...later]);
  listed(say("proven"), proven);
  listed(say("besides"), remarks);
  answer.firstChild.focus();
}

document.querySelector("form").addEventListener("submit", check);
try {
  show();
} catch (error) {
  add(main, "p", say("unreadable", { why: error.message }));
}
