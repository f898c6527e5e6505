import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { readManifest } from "../manifest.ts";

const page = async (name: string): Promise<string> =>
  await readFile(new URL(`../../../docs/${name}.md`, import.meta.url), "utf8");

test("what the docs show of a SKILL.md and a skill.yaml is accepted by everybody without a word", async () => {
  const skill = /^```markdown\n(---\nname: [^]*?)^```$/m.exec(await page("formats"))?.[1] ?? "";
  const extra = /^```yaml\n(# skill\.yaml\n[^]*?)^```$/m.exec(await page("installing"))?.[1] ?? "";
  const files = new Map([
    ["SKILL.md", Buffer.from(skill)],
    ["skill.yaml", Buffer.from(extra)],
  ]);
  const { manifest, findings } = readManifest(files, { profile: "strict" });
  expect(findings).toEqual([]);
  expect(manifest?.dependencies).toEqual([{ account: "acme", name: "text", range: "^1" }]);
});

test("no page writes fields with brackets, which skills-ref refuses", async () => {
  for (const name of ["installing", "formats", "publishing", "publishing-monorepos", "quick-start", "../README"])
    expect(await page(name)).not.toMatch(/(?:dependencies|keywords|categories|authors): \[/);
});
