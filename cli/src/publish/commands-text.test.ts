import { expect, test } from "vitest";
import { dataOfRun, type Lab, openLab, skillText } from "./testing/lab.ts";
import { paste } from "./testing/paste.ts";

/** What a person selects and copies. */
const commandsIn = (text: string): string => text.slice(text.indexOf("These commands do the same:\n") + 28);

/** All that a publish leaves behind, here and on the remote, without what is different on any two days and machines. */
async function leftBy(lab: Lab): Promise<string> {
  const format = "%(refname) %(objecttype) %(tree)%(*tree) %(contents)%(*contents) %(authorname)%(taggername)";
  const registry = lab.registry.releases.map(({ account, name, version, digest, tag }) =>
    [account, name, version, digest, tag].join(" "),
  );
  const texts = [
    await lab.repo.git("for-each-ref", `--format=${format}`, "refs/heads", "refs/tags"),
    await lab.remote("for-each-ref", `--format=${format}`),
    await lab.repo.git("log", "--format=%T %an %ae %B"),
    await lab.repo.git("status", "--porcelain=v2"),
    await lab.repo.git("ls-files", "--stage"),
    ...registry,
  ];
  return texts
    .join("\n")
    .replaceAll(/^Published: .*$/gm, "")
    .replaceAll(lab.server.url, "http://host");
}

const odd = skillText("0.1.0").replace("# kept", '# it\'s 100 % "kept" \\n $HOME `x`');
const changelog = "# Changelog\n\n## [0.1.1] - 2026-01-01\n\n### Added\n\n- `$(false)` and PAKS\n\nPAKS\n";

const rows: readonly { what: string; path?: string; files?: Record<string, string>; args?: readonly string[] }[] = [
  { what: "a pak at the root" },
  { what: "a pak in a folder with a blank and a quote", path: "my skills/pdf", files: { "it's.md": "x" } },
  { what: "a manifest that a shell would misread", files: { "SKILL.md": odd } },
  { what: "CRLF and a byte order mark", files: { "SKILL.md": `\uFEFF${skillText("0.1.0").replaceAll("\n", "\r\n")}` } },
  { what: "a changelog section with the shell's own words", files: { "CHANGELOG.md": changelog } },
  { what: "no version so far", files: { "SKILL.md": skillText(undefined) } },
  { what: "the version in the manifest", args: [] },
  { what: "other names", args: ["--bump", "minor", "--tag-prefix", "release-", "--branch", "next"] },
  { what: "the tag alone", files: { "SKILL.md": skillText(undefined) }, args: ["--bump", "minor", "--no-commit"] },
  { what: "no registry", args: ["--bump", "patch", "--skip-registry", "--account", "acme"] },
  { what: "no push", args: ["--bump", "patch", "--no-push", "--account", "acme"] },
];

test.each(rows)(
  "$what: pasting the commands of a dry run leaves what publishing leaves",
  async ({ path, files, args }) => {
    const options = { ...(path === undefined ? {} : { path }), ...(files === undefined ? {} : { files }) };
    const wanted = args ?? ["--bump", "patch"];
    const published = await openLab(options);
    dataOfRun(await published.publish([...wanted, "--json"]));
    const pasted = await openLab(options);
    const plan = await pasted.publish([...wanted, "--dry-run"]);
    expect(plan.exit).toBe(0);
    await paste(pasted, commandsIn(plan.stdout));
    expect(await leftBy(pasted)).toBe(await leftBy(published));
  },
);

test("a forced tag too", async () => {
  const take = async () => {
    const lab = await openLab();
    await lab.repo.tag("v0.1.1", "mine\n");
    await lab.repo.git("push", "-q", "origin", "v0.1.1");
    return lab;
  };
  const force = ["--bump", "patch", "--force"];
  const published = await take();
  dataOfRun(await published.publish([...force, "--yes", "--json"]));
  const pasted = await take();
  await paste(pasted, commandsIn((await pasted.publish([...force, "--dry-run"])).stdout));
  expect(await leftBy(pasted)).toBe(await leftBy(published));
});

test("the last command tells the registry, and only that", async () => {
  const lab = await openLab({ path: "skills/pdf" });
  const plan = dataOfRun(await lab.publish(["--bump", "patch", "--account", "acme", "--dry-run", "--json"]));
  expect((plan["commands"] as string[]).at(-1)).toBe("paks publish ./skills/pdf --account=acme --yes");
  const silent = dataOfRun(await lab.publish(["--bump", "patch", "--skip-registry", "--dry-run", "--json"]));
  expect((silent["commands"] as string[]).at(-1)).toMatch(/^git push /);
});
