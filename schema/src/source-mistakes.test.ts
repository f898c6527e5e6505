import { expect, test } from "vitest";
import { PaksError } from "./errors.ts";
import { parseSource } from "./refs.ts";
import { resultOrPaksError } from "./testing/properties.ts";

const url = "https://github.com/acme/skills";
const commit = "0123456789abcdef0123456789abcdef01234567";
const azure = "https://dev.azure.com/acme/tools/_git/skills";

test.each([
  ["github.com/acme/skills", { url }],
  ["www.github.com/acme/skills/tree/main/pdf", { url, tree: "main/pdf" }],
  ["https://www.github.com/acme/skills", { url }],
  ["gitlab.com/g/sub/r#path=pdf", { url: "https://gitlab.com/g/sub/r.git", path: "pdf" }],
  [`${url}#v1.0.0&path=skills/pdf`, { url, ref: "v1.0.0", path: "skills/pdf" }],
  ["github:acme/skills#v1&path=pdf", { url, ref: "v1", path: "pdf" }],
  [`${url}/releases/tag/v1.0.0`, { url, tag: "v1.0.0" }],
  [`${url}/releases/tag/pdf%2Fv1.0.0/`, { url, tag: "pdf/v1.0.0" }],
  ["https://gitlab.com/g/r/-/tags/v1", { url: "https://gitlab.com/g/r.git", tag: "v1" }],
  ["https://gitlab.com/g/r/-/releases/v1", { url: "https://gitlab.com/g/r.git", tag: "v1" }],
  [`${url}/commit/${commit}`, { url, commit }],
  [azure, { url: azure }],
  [`${azure}?path=/skills/pdf`, { url: azure, path: "skills/pdf" }],
  [
    `${azure}?path=/skills/pdf&version=GBfeature/x&_a=contents`,
    { url: azure, branch: "feature/x", path: "skills/pdf" },
  ],
  [`${azure}?path=/&version=GTv1.0.0`, { url: azure, tag: "v1.0.0" }],
  [`${azure}?version=GC${commit}`, { url: azure, commit }],
])("%s is understood", (text, source) => {
  expect(parseSource(text)).toEqual({ type: "git", ...source });
});

test.each([
  ["own", "paks install ./own"],
  ["own/", "paks install ./own"],
  ["~/skills/own", 'paks install "$HOME/skills/own"'],
  [".agents/skills/x", "paks install ./.agents/skills/x"],
  ["skills/own/pdf", "paks install ./skills/own/pdf"],
  ["git.example.com/acme/skills", "paks install https://git.example.com/acme/skills"],
  ["@acme/skills", "paks install npm:@acme/skills"],
  ["github:acme/skills@v1", 'paks install "github:acme/skills#v1"'],
  ["gitlab:acme/skills@v1.0.0", 'paks install "gitlab:acme/skills#v1.0.0"'],
  ["github:acme/skills@1.0.0", 'paks install "github:acme/skills#version=1.0.0"'],
  [`${url}@1.0.0`, `paks install "${url}#version=1.0.0"`],
  [`${url}@^1`, `paks install "${url}#version=^1"`],
  ["github.com/acme/skills@v1.0.0", `paks install "${url}#v1.0.0"`],
  ["https://git.example/acme/skills.git@main", 'paks install "https://git.example/acme/skills.git#main"'],
  ["git@git.example:acme/skills.git@1.0.0", 'paks install "git@git.example:acme/skills.git#version=1.0.0"'],
  [`${url}#path=/skills/pdf`, "without / in front: skills/pdf"],
  [`${url}#path=../pdf`, "without .."],
  [`${url}#what=x`, "Known there: tag=…, branch=…, commit=…, ref=…, version=…, path=…"],
])("%s is refused with what was meant: %s", (text, hint) => {
  const result = resultOrPaksError(() => parseSource(text));
  expect(result).toBeInstanceOf(PaksError);
  expect((result as PaksError).hint).toContain(hint);
});

test.each([`${azure}?path=/x&token=secret`, `${azure}?version=XYv1`, "https://dev.azure.com/a/b/_git/c?user=x"])(
  "%s is still refused: what else stands there may be a secret",
  (text) => {
    expect(resultOrPaksError(() => parseSource(text))).toMatchObject({ code: "CREDENTIALS_IN_URL" });
  },
);

test.each([
  ["git@github.com:acme/skills.git", {}],
  ["ssh://git@git.example/acme/skills", {}],
  ["file:///srv/skills@home", {}],
  [`${url}/releases/tag/pdf@1.0.0`, { tag: "pdf@1.0.0" }],
  [`${url}/tree/pdf@1.0.0`, { tree: "pdf@1.0.0" }],
  [`${url}#tag=pdf@1.0.0`, { tag: "pdf@1.0.0" }],
])("an @ that is part of an address or a tag is taken as it is: %s", (text, source) => {
  expect(parseSource(text)).toMatchObject({ type: "git", ...source });
});

test("a password in front of it is not repeated", () => {
  const error = resultOrPaksError(() => parseSource("https://me:secret@git.example/acme/skills@1.0.0"));
  expect(error).toMatchObject({ code: "CREDENTIALS_IN_URL", hint: expect.not.stringContaining("secret") });
});
