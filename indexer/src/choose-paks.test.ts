import { type Manifest, type ManifestReading, PaksError, type Trailers } from "@paks/schema";
import { expect, test } from "vitest";

import { choosePaks, type Peek, type TagQuestion } from "./choose-paks.ts";
import { bindingRow as binding, evidenceRow as evidence } from "./testing/rows.ts";

const manifest = (name: string, version?: string): ManifestReading => ({
  manifest: {
    kind: "skill",
    name,
    description: "x",
    authors: [],
    keywords: [],
    categories: [],
    dependencies: [],
    extra: {},
    ...(version === undefined ? {} : { version }),
  } satisfies Manifest,
  findings: [],
});
const peekAt =
  (all: Record<string, ManifestReading>): Peek =>
  (paths) =>
    Promise.resolve(new Map(paths.flatMap((path) => (all[path] ? [[path, all[path]] as const] : []))));
const noPeek: Peek = () => Promise.reject(new Error("Nothing had to be read."));
const trailers = (more: Partial<Trailers> = {}): Trailers => ({
  package: "acme/pdf",
  version: "1.2.0",
  repository: "https://github.com/acme/skills",
  path: "",
  digest: "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
  ...more,
});
const question = (tag: string, more: Partial<TagQuestion> = {}): TagQuestion => ({
  tag,
  trailers: undefined,
  bindings: [],
  evidence: [],
  ...more,
});
const chosen = async (asked: TagQuestion, peek: Peek = noPeek) =>
  (await choosePaks(asked, peek)).map(
    ({ account, name, path, version }) => `${account}/${name} ${version} in "${path}"`,
  );
const refused = (asked: TagQuestion, peek: Peek = noPeek) =>
  choosePaks(asked, peek).then(
    () => undefined,
    (error: unknown) => (error instanceof PaksError ? error : Promise.reject(error as Error)),
  );

const pdf = binding({ name: "pdf", path: "skills/pdf" });
const docs = binding({ name: "docs", path: "skills/docs" });

test("trailers release exactly their package at their path, whatever else is bound", async () => {
  const named = trailers({ path: "skills/new", package: "acme/new" });
  const asked = question("v1.2.0", {
    trailers: named,
    bindings: [pdf, docs],
    evidence: [evidence("token", { path: "x" })],
  });
  expect(await chosen(asked)).toEqual(['acme/new 1.2.0 in "skills/new"']);
});

test("a tag of the author's own form is understood through the trailers' version", async () => {
  const [own] = await choosePaks(question("release-1.2.0", { trailers: trailers() }), noPeek);
  expect(own).toMatchObject({ toldVersion: "1.2.0", tagPrefix: "release-" });
  const [bound] = await choosePaks(
    question("rel-1.2.0", { trailers: trailers(), bindings: [binding({ tagPrefix: "rel-" })] }),
    noPeek,
  );
  expect(bound).toMatchObject({ toldVersion: "1.2.0", tagPrefix: null });
});

test.each(["nightly", "x11.2.0", "x.1.2.0", "v1.3.0"])(
  "a tag that does not say the trailers' version: %s",
  async (tag) => {
    const [pak] = await choosePaks(question(tag, { trailers: trailers() }), noPeek);
    expect(pak?.toldVersion).not.toBe("1.2.0");
  },
);

test("without trailers an unbound repository releases nothing, and the hint says how", async () => {
  const error = await refused(question("v1.0.0", { evidence: [evidence("token", { path: "" })] }));
  expect(error).toMatchObject({ code: "NAMESPACE_FORBIDDEN", hint: expect.stringContaining("paks publish") });
});

test("the only bound pak is released without looking around first", async () => {
  expect(await chosen(question("v1.0.0", { bindings: [pdf] }))).toEqual(['acme/pdf 1.0.0 in "skills/pdf"']);
});

test("a repository-wide tag releases every bound pak whose manifest says that version or nothing", async () => {
  const nested = binding({ name: "all", path: "" });
  const peek = peekAt({
    "": manifest("all"),
    "skills/pdf": manifest("pdf", "1.0.0"),
    "skills/docs": manifest("docs", "0.9.0"),
  });
  expect(await chosen(question("v1.0.0", { bindings: [nested, pdf, docs] }), peek)).toEqual([
    'acme/all 1.0.0 in ""',
    'acme/pdf 1.0.0 in "skills/pdf"',
  ]);
});

test("a bound pak whose folder is gone does not stop the others", async () => {
  const peek = peekAt({ "skills/docs": manifest("docs") });
  expect(await chosen(question("1.0.0", { bindings: [pdf, docs] }), peek)).toEqual([
    'acme/docs 1.0.0 in "skills/docs"',
  ]);
});

test("a repository-wide tag that no manifest agrees with is refused with what they say", async () => {
  const peek = peekAt({ "skills/pdf": manifest("pdf", "1.1.0"), "skills/docs": manifest("docs", "0.9.0") });
  const error = await refused(question("v1.0.0", { bindings: [pdf, docs] }), peek);
  expect(error?.code).toBe("VERSION_TAG_MISMATCH");
  expect(error?.message).toContain("acme/docs 0.9.0");
});

test("a pak whose manifest cannot be read is chosen, so that its author is told", async () => {
  const peek = peekAt({ "skills/pdf": { manifest: undefined, findings: [] }, "skills/docs": manifest("docs") });
  expect(await chosen(question("v1.0.0", { bindings: [pdf, docs] }), peek)).toHaveLength(2);
});

test.each(["pdf--v1.0.0", "pdf/v1.0.0", "pdf@1.0.0", "pdf-v1.0.0", "skills/pdf/v1.0.0"])(
  "a named tag releases the pak that it names: %s",
  async (tag) => {
    expect(await chosen(question(tag, { bindings: [pdf, docs] }))).toEqual(['acme/pdf 1.0.0 in "skills/pdf"']);
  },
);

test("a named tag that fits two paks is refused naming both, unless a token of the account names the folder", async () => {
  const bindings = [binding({ name: "pdf", path: "a" }), binding({ name: "other", path: "pdf" })];
  const error = await refused(question("pdf/v1.0.0", { bindings }));
  expect(error?.code).toBe("AMBIGUOUS_MANIFEST");
  expect(error?.message).toMatch(/acme\/pdf in a and acme\/other in pdf/);
  const asked = question("pdf/v1.0.0", { bindings, evidence: [evidence("token", { path: "pdf" })] });
  expect(await chosen(asked)).toEqual(['acme/other 1.0.0 in "pdf"']);
});

test("a tag that fits none of the bound paks is refused with a hint", async () => {
  const error = await refused(question("new--v1.0.0", { bindings: [pdf] }));
  expect(error).toMatchObject({ code: "NAMESPACE_FORBIDDEN", hint: expect.stringContaining("paks publish") });
});

test("a token of the bound account adds the folder it names", async () => {
  const peek = peekAt({ "skills/new": manifest("new"), "skills/pdf": manifest("pdf", "0.1.0") });
  const adding = { bindings: [pdf], evidence: [evidence("token", { path: "skills/new" })] };
  expect(await chosen(question("new--v1.0.0", adding), peek)).toEqual(['acme/new 1.0.0 in "skills/new"']);
  expect(await chosen(question("v1.0.0", adding), peek)).toEqual(['acme/new 1.0.0 in "skills/new"']);
});

test("a stranger's folder and a webhook's add nothing", async () => {
  const stranger = evidence("token", { accountId: "2", account: "mallory", path: "skills/new" });
  const webhook = evidence("webhook", { path: "skills/new" });
  const asked = question("v1.0.0", { bindings: [pdf], evidence: [stranger, webhook] });
  expect(await chosen(asked)).toEqual(['acme/pdf 1.0.0 in "skills/pdf"']);
});

test("an asked folder without a manifest or with an unreadable one is told so", async () => {
  const adding = { bindings: [pdf], evidence: [evidence("token", { path: "skills/new" })] };
  expect((await refused(question("new--v1.0.0", adding), peekAt({})))?.code).toBe("MANIFEST_MISSING");
  const finding = { severity: "error", code: "FRONTMATTER_INVALID", message: "x" } as const;
  const broken = peekAt({ "skills/new": { manifest: undefined, findings: [finding] } });
  expect((await refused(question("new--v1.0.0", adding), broken))?.code).toBe("FRONTMATTER_INVALID");
});
