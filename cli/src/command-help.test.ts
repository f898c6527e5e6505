import { expect, test } from "vitest";
import { commandTable } from "./commands/table.ts";
import { runPaks, tempFolder } from "./testing/index.ts";

const helpOf = async (name: string, columns: number): Promise<string> => {
  const home = await tempFolder();
  const run = await runPaks([...name.split(" "), "--help"], { cwd: home, home, columns });
  expect(run.exit).toBe(0);
  return run.stdout;
};

test.each(commandTable.map(({ name }) => name))(
  "the examples of %s can be copied, however narrow it is",
  async (name) => {
    const row = commandTable.find((one) => one.name === name)!;
    const { examples } = await row.load();
    const lines = (await helpOf(name, 40)).split("\n");
    expect(examples.length).toBeGreaterThan(0);
    for (const [line, what] of examples) {
      expect(lines).toContain(`  ${line}`);
      expect(lines).toContain(`  # ${what}`);
    }
  },
);

test("what an option may be and what it is otherwise stands behind its words, and nothing that goes without saying", async () => {
  const help = await helpOf("search", 200);
  expect(help).toMatch(/--kind .*\(skill\|pack\|agent\|template\)\n/);
  expect(help).toMatch(/--limit .*\(default: 10\)\n/);
  expect(help).toMatch(/--color .*\(auto\|always\|never; default: auto\)\n/);
  expect(help).not.toMatch(/\[\w+\]|default: (?:false|\))/);
});

test.each(commandTable.map((row) => [row.name, row.aliases ?? []] as const))(
  "the help of %s names its other names, on a line of their own",
  async (name, aliases) => {
    const line = `Aliases: ${aliases.map((alias) => `paks ${alias}`).join(", ")}`;
    const lines = (await helpOf(name, 40)).split("\n");
    expect(lines.filter((one) => one.startsWith("Aliases"))).toEqual(aliases.length === 0 ? [] : [line]);
  },
);
