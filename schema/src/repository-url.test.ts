import * as fc from "fast-check";
import { expect, test } from "vitest";
import { PaksError } from "./errors.ts";
import { defaultGitPolicy, type GitPolicy, parseRepositoryUrl, publicRepositoryUrl } from "./repository-url.ts";
import { hostileText, quickest, resultOrPaksError } from "./testing/properties.ts";

const open: GitPolicy = { hosts: ["*"], protocols: ["https", "http", "ssh", "file"], allowPrivate: true };
const everyPublic: GitPolicy = { hosts: ["*"], protocols: ["https"], allowPrivate: false };
const codeOf = (text: string, policy?: GitPolicy): string | undefined => {
  const result = resultOrPaksError(() => parseRepositoryUrl(text, policy));
  return result instanceof PaksError ? result.code : undefined;
};
/** Everything of an error that a person or a log may get to see. */
const shownOf = (error: unknown): string => {
  const { message, hint, details, stack, cause } = error as PaksError;
  return JSON.stringify({ message, hint, details, stack, cause });
};
const key = (text: string, policy?: GitPolicy): string => parseRepositoryUrl(text, policy).key;

// Row A1
test.each(
  ["-x", "--upload-pack=touch x", "", " https://github.com/a/b", "https://github.com/a/b\n", "https://github.com/a\tb"]
    .concat([
      "https://github.com/a/b\0",
      "https://github.com/a/\u0085b",
      "https://github.com/a\\b",
      "https://git\u200Bhub.com/a/b",
    ])
    .concat([
      "https://",
      "https://%zz/a/b",
      "https:github.com/a/b",
      "https:///github.com/a/b",
      "acme/skills",
      "github.com/a/b",
      "./x",
      "C:\\x",
      "https://github.com:99999/a/b",
    ])
    .concat([`https://github.com/a/${"b".repeat(2048)}`]),
)("A1: %j is not the URL of a repository", (text) => {
  expect(codeOf(text)).toBe("INVALID_REPOSITORY_URL");
});

test("A1: what could be an option is refused before anything else is looked at", () => {
  expect(codeOf("-git@example.com:a/b", open)).toBe("INVALID_REPOSITORY_URL");
});

test("A1: a URL has at most 2048 characters", () => {
  const start = "https://git.example.com/a/";
  expect(codeOf(start + "b".repeat(2048 - start.length), open)).toBeUndefined();
  expect(codeOf(start + "b".repeat(2049 - start.length), open)).toBe("INVALID_REPOSITORY_URL");
});

// Row A2
test.each(
  [
    "http://github.com/a/b",
    "git://github.com/a/b",
    "ssh://git@github.com/a/b",
    "git@github.com:a/b.git",
    "file:///srv/a",
  ].concat([
    "ext::sh",
    "fd::17/x",
    "ftp://github.com/a/b",
    "bundle://x/y",
    "javascript://github.com/a/b",
    "data://x",
    "HTTP://github.com/a/b",
  ]),
)("A2: the registry does not read %s", (text) => expect(codeOf(text)).toBe("PROTOCOL_NOT_ALLOWED"));

test.each(["ext::sh", "fd::17/x", "git://example.com/a/b", "bundle://x/y"])(
  "A2: %s is refused under every policy",
  (text) => {
    expect(codeOf(text, open)).toBe("PROTOCOL_NOT_ALLOWED");
    expect(codeOf(text, { ...open, protocols: ["ext", "fd", "git", "bundle", "ext::", "fd::"] })).toBe(
      "PROTOCOL_NOT_ALLOWED",
    );
  },
);

// Row A3
test.each(
  ["https://user:hunter2@github.com/a/b", "https://hunter2@github.com/a/b", "https://:hunter2@github.com/a/b"].concat([
    "https://github.com/a/b?token=hunter2",
    "https://github.com/a/b#hunter2",
    "https://github.com/a/b?",
    "https://github.com/a/b#",
  ]),
)("A3: %s is refused, and what may be a secret is not repeated", (text) => {
  const error = resultOrPaksError(() => parseRepositoryUrl(text));
  expect(error).toMatchObject({ code: "CREDENTIALS_IN_URL" });
  expect(shownOf(error)).not.toContain("hunter2");
});

test("A3: no error of any kind repeats a password", () => {
  for (const text of [
    "http://u:hunter2@github.com/a/b",
    "https://u:hunter2@127.0.0.1/a/b",
    "https://u:hunter2@[/a",
    "u:hunter2@x:y",
  ]) {
    const error = resultOrPaksError(() => parseRepositoryUrl(text));
    expect(error).toBeInstanceOf(PaksError);
    expect(shownOf(error)).not.toContain("hunter2");
  }
});

// Row A4
test.each(
  [
    "localhost",
    "a.localhost",
    "git.internal",
    "nas.local",
    "github.com.",
    "127.0.0.1",
    "127.1",
    "0x7f000001",
    "2130706433",
  ]
    .concat([
      "017700000001",
      "①②⑦.⓪.⓪.①",
      "10.1.2.3",
      "169.254.169.254",
      "100.64.0.1",
      "192.168.0.1",
      "0.0.0.0",
      "[::1]",
    ])
    .concat(["[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[fd00::1]", "[fe80::1]", "intranet"]),
)("A4: %s is no host to read from, even where every host is allowed", (host) =>
  expect(codeOf(`https://${host}/a/b`, everyPublic)).toBe("HOST_NOT_ALLOWED"),
);

test("A4: whoever allows private addresses may read from them", () => {
  const own: GitPolicy = {
    hosts: ["127.0.0.1:8080", "git.internal"],
    protocols: ["http", "https"],
    allowPrivate: true,
  };
  expect(parseRepositoryUrl("http://127.1:8080/x.git", own)).toMatchObject({
    host: "127.0.0.1",
    port: 8080,
    path: "/x.git",
  });
  expect(codeOf("https://git.internal/a/b", own)).toBeUndefined();
  expect(codeOf("https://git.internal/a/b", { ...own, allowPrivate: false })).toBe("HOST_NOT_ALLOWED");
});

test.each([
  "https://example.com/a/b",
  "https://evil.github.com/a/b",
  "https://github.com.evil.org/a/b",
  "https://githubbcom/a/b",
])("A4: %s is not on the list of hosts", (text) => expect(codeOf(text)).toBe("HOST_NOT_ALLOWED"));

// Row A6
test("A6: another port must be allowed by name", () => {
  expect(codeOf("https://github.com:8443/a/b")).toBe("HOST_NOT_ALLOWED");
  expect(parseRepositoryUrl("https://github.com:443/a/b").port).toBeUndefined();
  const policy: GitPolicy = { ...defaultGitPolicy, hosts: ["git.example.com:8443"] };
  expect(parseRepositoryUrl("https://git.example.com:8443/a/b", policy).port).toBe(8443);
  expect(codeOf("https://git.example.com/a/b", policy)).toBe("HOST_NOT_ALLOWED");
});

// Row A7
test.each(
  ["https://github.com/a/b", "https://GitHub.com/A/B", "https://github.com/a/b.git", "https://github.com/a/b/"].concat([
    "https://github.com/x/y/../../a/b",
    "https://github.com/x/%2e%2e/a/b",
    "https://github.com:443/a/b",
    "https://github.com/./a/b.git/",
  ]),
)("A7: %s is one repository with its other spellings", (text) => expect(key(text)).toBe("https://github.com/a/b"));

test("A7: git is given the normalised URL, in the letters of the author", () => {
  expect(parseRepositoryUrl("https://GitHub.com/x/../Acme/Skills.git/")).toEqual({
    url: "https://github.com/Acme/Skills",
    protocol: "https",
    host: "github.com",
    port: undefined,
    path: "/Acme/Skills",
    key: "https://github.com/acme/skills",
  });
});

test.each(
  [
    "https://github.com/",
    "https://github.com/a",
    "https://github.com/a/b/c",
    "https://github.com/a/b/tree/main",
    "https://github.com//a//b",
  ]
    .concat([
      "https://github.com/a%2fb/c",
      "https://github.com/a/b;x",
      "https://github.com/a/.git",
      "https://github.com/a/b%00",
      "https://github.com/a/...",
    ])
    .concat([
      "https://github.com/-a/b",
      "https://github.com/a/é",
      "https://github.com/a/b%20c",
      "https://github.com/a/b.git.git",
      "https://github.com/a/...git",
      "https://github.com/a/~.git",
      "https://gitlab.com/a",
    ]),
)("A7: %s does not lead to a repository", (text) => expect(codeOf(text)).toBe("INVALID_REPOSITORY_URL"));

test("GitLab's groups may be nested, and its repositories are asked for under .git, which it does not redirect", () => {
  expect(parseRepositoryUrl("https://gitlab.com/a/b/c")).toMatchObject({
    url: "https://gitlab.com/a/b/c.git",
    key: "https://gitlab.com/a/b/c",
  });
  expect(parseRepositoryUrl("https://gitlab.com/a/b/c.git").url).toBe("https://gitlab.com/a/b/c.git");
});

test("on a host of one's own, upper and lower case and the ending stay in the URL; the key drops the ending alone", () => {
  expect(parseRepositoryUrl("https://Git.Example.com/Team/x.git", open)).toMatchObject({
    url: "https://git.example.com/Team/x.git",
    key: "https://git.example.com/Team/x",
  });
  expect(parseRepositoryUrl("https://git.example.com/~me/x", open).path).toBe("/~me/x");
});

test("nobody's repository lies below .git", () => {
  expect(codeOf("https://git.example.com/.git/x", open)).toBe("INVALID_REPOSITORY_URL");
  expect(codeOf("https://git.example.com/x/.git", open)).toBe("INVALID_REPOSITORY_URL");
});

test("ssh addresses of the large hosts are the same repository as the https ones", () => {
  for (const text of [
    "git@github.com:Acme/skills.git",
    "ssh://git@github.com/acme/skills",
    "ssh://git@GITHUB.com:22/acme/skills.git",
  ]) {
    expect(key(text, open)).toBe("https://github.com/acme/skills");
  }
  expect(parseRepositoryUrl("git@github.com:acme/skills.git", open).url).toBe("ssh://git@github.com/acme/skills");
});

test("on another host the short ssh form keeps its meaning: a path from the home folder", () => {
  expect(parseRepositoryUrl("git@git.example.com:skills.git", open).url).toBe("git@git.example.com:skills.git");
  expect(parseRepositoryUrl("git@git.example.com:/srv/skills.git", open).url).toBe(
    "ssh://git@git.example.com/srv/skills.git",
  );
});

test.each(
  [
    "ssh://-oProxyCommand=x/a/b",
    "ssh://git@-oProxyCommand=x/a/b",
    "git@-oProxyCommand=x:a/b",
    "-git@example.com:a/b",
  ].concat([
    "ssh://-git@example.com/a/b",
    "ssh://git:pw@example.com/a/b",
    "git@example.com:-a/b",
    "git@example.com:../../a",
  ]),
)("%s smuggles nothing into ssh", (text) => expect(codeOf(text, open)).toBeTypeOf("string"));

test("a numeric ssh host is judged like any other", () => {
  const policy: GitPolicy = { hosts: ["*"], protocols: ["ssh"], allowPrivate: false };
  for (const host of ["127.0.0.1", "0x7f000001", "2130706433", "localhost"]) {
    expect(codeOf(`ssh://git@${host}/a/b`, policy)).toBe("HOST_NOT_ALLOWED");
  }
});

test("a file URL names a folder of this machine", () => {
  expect(parseRepositoryUrl("file:///srv/my%20repos/x.git/", open)).toEqual({
    url: "file:///srv/my%20repos/x.git",
    protocol: "file",
    host: "",
    port: undefined,
    path: "/srv/my%20repos/x.git",
    key: "file:///srv/my%20repos/x.git",
  });
  for (const text of ["file://server/share", "file:///", "file:////", "file:///a%00b", "file:///a%2fb"])
    expect(codeOf(text, open)).toBe("INVALID_REPOSITORY_URL");
});

test("a file URL that programs decode in different ways is none", () => {
  for (const path of [
    "x%ff",
    "%zz",
    "a/%E0%A4",
    "a%",
    "%C0%AF",
    "%ED%A0%80",
    "%F4%90%80%80",
    "a%C3%28",
    "%2",
    "%00",
    "%5C",
  ])
    for (const start of ["file:///", "FILE:///srv/"]) expect(codeOf(start + path, open)).toBe("INVALID_REPOSITORY_URL");
  expect(parseRepositoryUrl("FILE:///srv/100%25/%C3%BC", open).url).toBe("file:///srv/100%25/%C3%BC");
});

test("an address is the same text on every runtime", () => {
  for (const path of ["a^b", "a%5Eb"])
    expect(parseRepositoryUrl(`file:///srv/${path}`, open).key).toBe("file:///srv/a%5Eb");
});

test("what is shown to everybody is an address that everybody can use", () => {
  const shown = (text: string) => publicRepositoryUrl(parseRepositoryUrl(text, open));
  expect(shown("git@github.com:Acme/skills.git")).toBe("https://github.com/Acme/skills");
  expect(shown("https://github.com/Acme/skills.git")).toBe("https://github.com/Acme/skills");
  expect(shown("http://127.0.0.1:8080/x.git")).toBe("http://127.0.0.1:8080/x.git");
  expect(shown("git@git.example.com:x.git")).toBeUndefined();
  expect(shown("file:///srv/x")).toBeUndefined();
});

const examples = [
  "https://github.com/acme/skills",
  "https://gitlab.com/a/b/c.git",
  "git@github.com:acme/skills.git",
  "ssh://git@x.org:2222/a",
].concat(["http://127.0.0.1:8080/x.git", "file:///srv/x", "https://[::1]/a/b", "https://user:pw@github.com/a/b"]);

test.each([
  ["the registry's policy", defaultGitPolicy],
  ["an open policy", open],
])(
  "under %s every text is refused with a PaksError, or its URL and key lead to the same repository again",
  (_name, policy) => {
    fc.assert(
      fc.property(hostileText(examples), (text) => {
        const first = resultOrPaksError(() => parseRepositoryUrl(text, policy));
        if (first instanceof PaksError) return;
        expect(parseRepositoryUrl(first.url, policy)).toEqual(first);
        expect(first.url).toMatch(/^[\u0021-\u007E]+$/);
        expect(first.url).not.toMatch(/^-|[?#\\]/);
        expect(parseRepositoryUrl(first.key, policy).key).toBe(first.key);
      }),
      { numRuns: 3000 },
    );
  },
);

test("a huge URL costs nothing", () => {
  for (const text of [
    "https://github.com/" + "../".repeat(700_000),
    "a@".repeat(1_000_000),
    "https://" + "a.".repeat(1_000_000),
  ]) {
    expect(codeOf(text, open)).toBe("INVALID_REPOSITORY_URL");
    expect(quickest(() => codeOf(text, open))).toBeLessThan(100);
  }
});
