import { access } from "node:fs/promises";
import { join } from "node:path";

import { PaksError, parseRepositoryUrl, type RepositoryUrl } from "@paks/schema";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { fetchTag, type GitCage, gitVersion, listTags, readPakFiles, type TagSnapshot } from "./index.ts";
import { type GitLab, gitLab } from "./testing/index.ts";

let lab: GitLab;
/** Lets everything through that a policy can let through, so that the walls behind it are what is tested. */
let open: GitCage;
let marker: string;
let snapshot: TagSnapshot;

beforeAll(async () => {
  lab = await gitLab();
  await lab.repo("good", { "SKILL.md": "hello\n", "a/b.md": "b\n" }, ["v1.0.0"]);
  open = { ...lab.cage, policy: { hosts: ["*"], protocols: ["http", "https", "ssh"], allowPrivate: true } };
  marker = join(lab.cage.scratchRoot, "..", "pwned");
  snapshot = await fetchTag(lab.cage, lab.url("good"), "v1.0.0");
});
afterAll(async () => {
  await snapshot.close();
  await lab.close();
});

const final = new Set(["INVALID_REPOSITORY_URL", "PROTOCOL_NOT_ALLOWED", "CREDENTIALS_IN_URL", "HOST_NOT_ALLOWED"]);

async function codeOf(work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
    return "ok";
  } catch (error) {
    if (error instanceof PaksError) return error.code;
    throw error;
  }
}

/** A record that somebody else judged, or nobody. */
const forged = (url: string): RepositoryUrl => ({
  url,
  protocol: "http",
  host: "x",
  port: undefined,
  path: "/",
  key: url,
});

const nothingRan = async () => {
  await expect(access(marker)).rejects.toThrow("ENOENT");
};

describe("addresses", () => {
  const addresses = () => [
    `--upload-pack=touch ${marker}`,
    `-u touch ${marker}`,
    `--exec=touch ${marker}`,
    `ext::sh -c touch% ${marker}`,
    `fd::17/x`,
    `file://${lab.cage.scratchRoot}`,
    `git://127.0.0.1/x`,
    `HTTPS::x`,
    `ssh://-oProxyCommand=touch ${marker}/x`,
    `ssh://-oProxyCommand=touch@127.0.0.1/x`,
    `git@-oProxyCommand=touch:x/y`,
    `http://user:secret@127.0.0.1/x`,
    `http://token@127.0.0.1/x`,
    `http://127.0.0.1/x\n--upload-pack=touch`,
    `http://127.0.0.1/x --upload-pack=touch`,
    `http://127.0.0.1/a/..%2f..%2fetc`,
    `./local`,
    `/etc`,
    `C:\\x`,
    `-`,
    ``,
    `a`.repeat(5000),
  ];
  test("no form of an address becomes an option, a command or another transport", async () => {
    const before = lab.server.requests.length;
    for (const url of addresses()) {
      const listed = await codeOf(() => listTags(open, forged(url)));
      const fetched = await codeOf(() => fetchTag(open, forged(url), "v1.0.0"));
      expect({ url, refused: final.has(listed) && listed === fetched }).toEqual({ url, refused: true });
      await nothingRan();
    }
    expect(lab.server.requests.length).toBe(before);
  });

  test("a record that an older policy allowed is judged again", async () => {
    const url = lab.url("good");
    const closed = { ...lab.cage, policy: { hosts: ["github.com"], protocols: ["http"], allowPrivate: true } };
    expect(await codeOf(() => listTags(closed, url))).toBe("HOST_NOT_ALLOWED");
    const publicOnly = { ...lab.cage, policy: { hosts: ["*"], protocols: ["http"], allowPrivate: false } };
    expect(await codeOf(() => listTags(publicOnly, url))).toBe("HOST_NOT_ALLOWED");
    const named = parseRepositoryUrl(`http://paks.example.com:${new URL(lab.server.url).port}/good`, open.policy);
    const dns = { ...publicOnly, resolve: async () => ["127.0.0.1"] };
    expect(await codeOf(() => listTags(dns, named))).toBe("HOST_NOT_ALLOWED");
  });
});

describe("tags", () => {
  const tags = () => [
    `--upload-pack=touch ${marker}`,
    "-x",
    "--output=/tmp/x",
    "v1:refs/heads/main",
    "+v1.0.0",
    "^v1.0.0",
    "v1.0.0^{}",
    "v1.0.0^{tree}",
    "v*",
    "v1.0.0~1",
    "v1..v2",
    "@{u}",
    "v1@{0}",
    "v1.0.0\nrefs/heads/main",
    "v1.0.0\0",
    "v1 .0",
    "../heads/main",
    "refs/heads/main",
    "a/../../heads/main",
    "HEAD",
    "v1.lock",
    "v1/",
    "",
    "v".repeat(129),
    "v1.0.0;touch x",
    "$(touch x)",
    "`touch x`",
    "v\u202e1",
  ];
  test("no name becomes an option, another refspec or another object", async () => {
    const before = lab.server.requests.length;
    for (const tag of tags()) {
      const code = await codeOf(() => fetchTag(lab.cage, lab.url("good"), tag));
      expect({ tag, code }).toEqual({ tag, code: "INVALID_TAG" });
    }
    await nothingRan();
    expect(lab.server.requests.length).toBe(before);
  });
});

describe("paths and object ids", () => {
  const paths = () => [
    `--output=${marker}`,
    "-r",
    "..",
    "../..",
    "a/../..",
    "/etc",
    "./a",
    ":(glob)**",
    ":/",
    "a\nHEAD",
    "a\0b",
    "a/",
    "*",
    "a:b",
    "refs/paks/t:a",
    "\\",
  ];
  test("no path becomes an option, a pattern or a revision", async () => {
    for (const path of paths()) {
      // What is a possible name is looked for as one, and not there.
      const listed = await codeOf(async () => expect(await snapshot.listTree(path)).toBeUndefined());
      expect(["UNSAFE_PATH", "ok"]).toContain(listed);
      const read = await codeOf(() => readPakFiles(snapshot, path, lab.cage.limits));
      expect({ path, read }).toEqual({ path, read: listed === "ok" ? "MANIFEST_MISSING" : "UNSAFE_PATH" });
    }
    await nothingRan();
  });

  test("an object id is 40 digits and nothing else", async () => {
    const oids = ["HEAD", "-x", "--batch", "1".repeat(39), "A".repeat(40), `${"1".repeat(40)}\n`, "refs/paks/t", ""];
    for (const oid of oids) {
      const code = await codeOf(() => snapshot.readBlobs([oid]));
      expect({ oid, code }).toEqual({ oid, code: "INVALID_PARAMETER" });
    }
    // A commit or tree is a valid id, but no file.
    expect(await codeOf(() => snapshot.readBlobs([snapshot.commit]))).toBe("UNSAFE_MODE");
    expect([...(await snapshot.readBlobs([]))]).toEqual([]);
  });

  test("the name of the binary is a name, not a command", async () => {
    expect(await codeOf(() => gitVersion(process.env, `git --exec-path=/tmp; touch ${marker}`))).toBe("GIT_MISSING");
    expect(await codeOf(() => gitVersion(process.env, "./git"))).toBe("GIT_MISSING");
    await nothingRan();
  });
});
