import { type PakSummaryDto, formatPakId, kinds, sortOrders } from "@paks/schema";
import { defineCommand } from "../command.ts";
import { formatTable } from "../output/table.ts";

export const search = defineCommand({
  command: "search [query..]",
  aliases: ["find"],
  describe: "Find paks in the registry",
  examples: [
    ["paks search pdf forms", "by words"],
    ["paks search --keyword aws --sort downloads", "by keyword, most used first"],
  ],
  builder: (yargs) =>
    yargs
      .positional("query", { type: "string", array: true, describe: "Words to look for" })
      .option("kind", { choices: kinds, describe: "Only this kind" })
      .option("account", { type: "string", describe: "Only this account's" })
      .option("keyword", { type: "string", describe: "Only with this keyword" })
      .option("category", { type: "string", describe: "Only in this category" })
      .option("sort", { choices: sortOrders, describe: "Order of the results" })
      .option("limit", { type: "number", default: 10, describe: "At most this many, 1 to 100" })
      .option("page", { type: "number", default: 1, describe: "Which page of them" }),
  run: async (args, context) => {
    const { kind, account, keyword, category, sort, limit, page } = args;
    const q = args.query?.join(" ") || undefined;
    const query = { q, kind, account, keyword, category, sort, limit, page };
    const { items, meta } = await context.progress("Searching", async () => await context.registry().search(query));
    return {
      data: { items, total: meta.total, page: meta.page, per_page: meta.per_page },
      text: textOf(items, meta.total, context.io.stdoutIsTty ? context.io.columns : undefined),
    };
  },
});

function textOf(items: readonly PakSummaryDto[], total: number, columns: number | undefined): string {
  const [first] = items;
  if (first === undefined) return "Nothing was found.\nhint: use fewer or other words.";
  const table = formatTable(
    ["NAME", "VERSION", "DOWNLOADS", "DESCRIPTION"],
    items.map((item) => [formatPakId(item), item.version, String(item.downloads), item.description]),
    { columns },
  );
  const count = total > items.length ? `${items.length} of ${total > 1000 ? "more than 1000" : total}` : `${total}`;
  return `${table}\n\n${count} found. Install one with: paks install ${formatPakId(first)}`;
}
