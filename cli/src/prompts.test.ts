import { PassThrough, Writable } from "node:stream";
import { PaksError } from "@paks/schema";
import { expect, onTestFinished, test } from "vitest";
import type { Prompts } from "./context.ts";
import { openPrompts } from "./prompts.ts";

function open({ interactive = true, signal = new AbortController().signal, plain = false, dumb = false } = {}) {
  const stdin = new PassThrough();
  let shown = "";
  const write = (chunk: Buffer, _encoding: string, done: () => void) => {
    shown += chunk.toString();
    done();
  };
  const stderr = Object.assign(new Writable({ write }), { columns: 80 });
  const prompts = openPrompts({
    interactive,
    stdin: () => stdin,
    stderr,
    signal,
    plain,
    dumb,
    tell: (about) => void stderr.write(`${about}\n`),
  });
  /** Types after the question is on the screen. */
  const type = (text: string) => {
    if (shown.includes("?")) stdin.write(text);
    else setTimeout(() => type(text), 5);
  };
  return { prompts, type, shown: () => shown, end: () => void stdin.end(), pause: () => void stdin.pause() };
}

test("a password is taken and masked", async () => {
  const { prompts, type, shown } = open();
  type("secret\r");
  expect(await prompts.password({ message: "Token?", instead: "--token-stdin" })).toBe("secret");
  expect(shown()).not.toContain("secret");
});

test("yes, no, a text and a choice come back as given", async () => {
  const yes = open();
  yes.type("y");
  expect(await yes.prompts.confirm({ message: "Sure?", instead: "--yes" })).toBe(true);
  const no = open();
  no.type("\r");
  expect(await no.prompts.confirm({ message: "Sure?", instead: "--yes" })).toBe(false);
  const text = open();
  text.type("x\r");
  expect(await text.prompts.text({ message: "Name?", instead: "--name", initial: "pd" })).toBe("pdx");
  const choice = open();
  choice.type("\u001b[B\r");
  const options = [
    { value: "a", label: "A" },
    { value: "b", label: "B" },
  ] as const;
  expect(await choice.prompts.select({ message: "Which?", instead: "--which", options })).toBe("b");
});

test("where nobody can answer, the way to answer without a terminal is told", async () => {
  const { prompts, shown } = open({ interactive: false });
  await expect(prompts.confirm({ message: "Sure?", instead: "--yes" })).rejects.toMatchObject({
    code: "USAGE",
    hint: expect.stringContaining("--yes"),
  });
  expect(shown()).toBe("");
});

test("Ctrl-C and Escape stop the command", async () => {
  for (const key of ["\u0003", "\u001b"]) {
    const { prompts, type } = open();
    type(key);
    await expect(prompts.confirm({ message: "Sure?", instead: "--yes" })).rejects.toMatchObject({ code: "CANCELLED" });
  }
});

const about = { message: "Sure?", instead: "--yes" };
const options = [{ value: "a", label: "A" }] as const;
const questions = {
  confirm: (prompts: Prompts) => prompts.confirm(about),
  text: (prompts: Prompts) => prompts.text(about),
  password: (prompts: Prompts) => prompts.password(about),
  select: (prompts: Prompts) => prompts.select({ ...about, options }),
  selectMany: (prompts: Prompts) => prompts.selectMany({ ...about, options }),
};
const showCursor = "\u001b[?25h";

test.each(Object.entries(questions))(
  "Ctrl-D and the end of the input stop %s, and the cursor is seen again",
  async (_, ask) => {
    const typed = open();
    typed.type("\u0004");
    await expect(ask(typed.prompts)).rejects.toMatchObject({ code: "CANCELLED" });
    const ended = open();
    setTimeout(ended.end, 50);
    await expect(ask(ended.prompts)).rejects.toMatchObject({ code: "CANCELLED" });
    await expect(ask(ended.prompts)).rejects.toMatchObject({ code: "CANCELLED" });
    for (const one of [typed, ended]) expect(one.shown()).toContain(showCursor);
  },
);

test("Ctrl-D in a text deletes the letter behind the cursor, and a reader that was only stopped goes on", async () => {
  const { prompts, type, pause } = open();
  type("pxdf\u001b[D\u001b[D\u001b[D\u0004");
  setTimeout(pause, 100);
  setTimeout(() => type("\r"), 150);
  expect(await prompts.text(about)).toBe("pdf");
});

test("a signal stops a question that waits", async () => {
  const stop = new AbortController();
  const { prompts } = open({ signal: stop.signal });
  setTimeout(() => stop.abort(new PaksError("CANCELLED", "Stopped.")), 50);
  await expect(prompts.password({ message: "Token?", instead: "-" })).rejects.toMatchObject({ message: "Stopped." });
});

test("a question cannot act on the terminal", async () => {
  const { prompts, type, shown } = open();
  type("y");
  await prompts.confirm({ message: "Install evil\u001b]0;x\u0007?", instead: "--yes" });
  expect(shown()).toContain("evil\\u{1b}]0;x\\u{7}?");
});

test("without colours a question has none, and works as with them", async () => {
  const { FORCE_COLOR, NO_COLOR } = process.env;
  Object.assign(process.env, { FORCE_COLOR: "1" });
  delete process.env["NO_COLOR"];
  onTestFinished(() => {
    for (const [name, value] of Object.entries({ FORCE_COLOR, NO_COLOR }))
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
  });
  const ask = async (plain: boolean) => {
    const { prompts, type, shown } = open({ plain });
    type("y");
    expect(await prompts.confirm({ message: "Sure?", instead: "--yes" })).toBe(true);
    return shown();
  };
  const colors = new RegExp("\u001b\\[[0-9;]*m");
  expect(await ask(false)).toMatch(colors);
  expect(await ask(true)).not.toMatch(colors);
});

test("what a question is about stands above it, and is not shown where nobody can answer", async () => {
  const { prompts, type, shown } = open();
  type("y");
  expect(await prompts.confirm({ message: "Do it?", about: "It does this.", instead: "--yes" })).toBe(true);
  expect(shown().indexOf("It does this.")).toBeLessThan(shown().indexOf("Do it?"));
  const nobody = open({ interactive: false });
  const asked = nobody.prompts.confirm({ message: "Do it?", about: "It does this.", instead: "--yes" });
  await expect(asked).rejects.toMatchObject({ code: "USAGE" });
  expect(nobody.shown()).toBe("");
});

const fruits = [
  { value: "a", label: "Apple" },
  { value: "b", label: "Pear" },
] as const;

test("a terminal that cannot move a cursor gets lines, and each answer counts as elsewhere", async () => {
  const ask = async <T>(typed: string, question: (prompts: Prompts) => Promise<T>): Promise<T> => {
    const { prompts, type, shown } = open({ dumb: true });
    type(typed);
    const answer = await question(prompts);
    expect(shown()).not.toContain("\u001b");
    return answer;
  };
  const about = { message: "Well?", instead: "--x" };
  expect(await ask("y\n", (prompts) => prompts.confirm(about))).toBe(true);
  expect(await ask("\n", (prompts) => prompts.confirm(about))).toBe(false);
  expect(await ask("\n", (prompts) => prompts.confirm({ ...about, initial: true }))).toBe(true);
  expect(await ask("pdf\n", (prompts) => prompts.text(about))).toBe("pdf");
  expect(await ask("\n", (prompts) => prompts.text({ ...about, initial: "pd" }))).toBe("pd");
  expect(await ask("2\n", (prompts) => prompts.select({ ...about, options: fruits }))).toBe("b");
  expect(await ask("\n", (prompts) => prompts.select({ ...about, options: fruits }))).toBe("a");
  expect(await ask("2, 1\n", (prompts) => prompts.selectMany({ ...about, options: fruits }))).toEqual(["a", "b"]);
  expect(await ask("secrex\u007ft\r", (prompts) => prompts.password(about))).toBe("secret");
});

test("on such a terminal a wrong answer is asked for again, and a password is not shown", async () => {
  const { prompts, type, shown } = open({ dumb: true });
  type("maybe\n");
  setTimeout(() => type("y\n"), 30);
  expect(await prompts.confirm({ message: "Sure?", instead: "--yes" })).toBe(true);
  expect(shown()).toContain("Answer y or n.");
  const text = open({ dumb: true });
  text.type("x\n");
  setTimeout(() => text.type("xy\n"), 30);
  const check = (given: string) => (given.length < 2 ? "Too short." : undefined);
  expect(await text.prompts.text({ message: "Name?", instead: "--name", check })).toBe("xy");
  expect(text.shown()).toContain("Too short.");
  const secret = open({ dumb: true });
  secret.type("s3cret\r");
  await secret.prompts.password({ message: "Token?", instead: "-" });
  expect(secret.shown()).not.toContain("s3cret");
});

test("on such a terminal Ctrl-C, the end of the input and a signal stop the command", async () => {
  const typed = open({ dumb: true });
  typed.type("\u0003");
  await expect(typed.prompts.password({ message: "Token?", instead: "-" })).rejects.toMatchObject({
    code: "CANCELLED",
  });
  const ended = open({ dumb: true });
  ended.end();
  await expect(ended.prompts.confirm({ message: "Sure?", instead: "-" })).rejects.toMatchObject({ code: "CANCELLED" });
  for (const ask of ["confirm", "password"] as const) {
    const stop = new AbortController();
    const { prompts } = open({ dumb: true, signal: stop.signal });
    setTimeout(() => stop.abort(new PaksError("CANCELLED", "Stopped.")), 30);
    await expect(prompts[ask]({ message: "Sure?", instead: "-" })).rejects.toMatchObject({ message: "Stopped." });
  }
});
