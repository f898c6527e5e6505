import { type PakSummaryDto, formatPakId, kinds, sortOrders } from "@paks/schema";
import { type Result, defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import {
  type InstalledVersion,
  findInstalledVersions,
  placesText,
  statusData,
  statusText,
} from "../installed-versions.ts";
import { formatJson, safe } from "../output/safe-text.ts";
import { formatPairs, formatTable } from "../output/table.ts";
import { formatYaml } from "../output/yaml.ts";
import { chooseRegistryFor, isMapped } from "../registry-choice.ts";
import { usageError } from "../usage-error.ts";
import { withRegistryWish } from "../workspace/with-registry-wish.ts";

export const search = defineCommand({
  command: "search [query..]",
  aliases: ["find"],
  describe: "Find paks in the registry",
  examples: [
    ["paks search pdf forms", "by words"],
    ["paks search --keyword aws --sort downloads", "by keyword, most used first"],
    ["paks search --author acme --detailed", "all of one account, with everything about each"],
    ["paks search pdf --format yaml", "for programs"],
  ],
  builder: (yargs) =>
    yargs
      .positional("query", { type: "string", array: true, describe: "Words to look for" })
      .option("kind", { choices: kinds, describe: "Only this kind" })
      .option("account", { type: "string", alias: "author", describe: "Only this account's" })
      .option("keyword", { type: "string", describe: "Only with this keyword" })
      .option("category", { type: "string", describe: "Only in this category" })
      .option("sort", { choices: sortOrders, describe: "Order of the results" })
      .option("limit", { type: "number", default: 10, describe: "At most this many, 1 to 100" })
      .option("page", { type: "number", default: 1, describe: "Which page of them" })
      .option("detailed", { type: "boolean", default: false, describe: "Everything about each" })
      .option("format", {
        choices: ["table", "json", "yaml"] as const,
        default: "table",
        describe: "How to show them",
      }),
  run: async (args, context) => {
    const { kind, account, keyword, category, sort, limit, page } = args;
    const q = args.query?.join(" ") || undefined;
    requireWhole("--limit", limit, 100);
    requireWhole("--page", page, Number.MAX_SAFE_INTEGER);
    const query = { q, kind, account, keyword, category, sort, limit, page };
    const registry = (await withRegistryWish(context)).registryFor(account);
    const { items: found, meta } = await context.progress("Searching", async () => await registry.search(query));
    // A name means what it means to `install`, and that asks elsewhere.
    const items = found.filter((item) => !isElsewhere(context, item.account, registry.url));
    const installed = items.length === 0 ? new Map() : await findInstalledVersions(context, registry.url);
    const leftOut = found.length - items.length;
    const data = {
      items: items.map((item) => dataOf(item, installed)),
      total: meta.total,
      page: meta.page,
      per_page: meta.per_page,
      left_out: leftOut,
    };
    if (args.format === "json") return { data, text: formatJson(data) };
    if (args.format === "yaml") return { data, text: formatYaml(data) };
    return {
      data,
      ...textOf({ items, leftOut, installed, context, detailed: args.detailed, total: meta.total, page: meta.page }),
    };
  },
});

const isElsewhere = ({ config }: Context, account: string, url: string): boolean =>
  isMapped(config, account) && chooseRegistryFor(config, account).url !== url;

/** What the registry would refuse in the words of its own checks. */
function requireWhole(flag: string, value: number, most: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= most) return;
  throw usageError(`${flag} is a whole number, ${most === 100 ? "1 to 100" : "1 or more"}.`, "search");
}

type Installed = ReadonlyMap<string, readonly InstalledVersion[]>;

function dataOf(item: PakSummaryDto, installed: Installed) {
  const here = installed.get(formatPakId(item));
  return here === undefined ? item : { ...item, installed: statusData(here, item.version) };
}

interface Shown {
  readonly items: readonly PakSummaryDto[];
  /** How many more there are under names that are looked up in another registry. */
  readonly leftOut: number;
  readonly installed: Installed;
  readonly context: Context;
  readonly detailed: boolean;
  readonly total: number;
  readonly page: number;
}

function textOf(shown: Shown): Pick<Result, "text" | "next"> {
  const { items, total, page, detailed, leftOut } = shown;
  const [first] = items;
  const others = leftOut === 0 ? "" : `${leftOut} left out: the configuration looks these accounts up elsewhere.`;
  if (first === undefined && leftOut > 0) return { text: others, next: "hint: search there with --account." };
  if (first === undefined) {
    if (page > 1 && total > 0) return { text: "There are not so many.", next: "hint: name an earlier --page." };
    return { text: "Nothing was found.", next: "hint: use fewer or other words." };
  }
  const count = total > items.length ? `${items.length} of ${total > 1000 ? "more than 1000" : total}` : `${total}`;
  const list = detailed ? items.map((item) => detailsOf(item, shown)).join("\n\n") : tableOf(shown);
  const text = others === "" ? list : `${list}\n\n${others}`;
  return { text, next: `\n${count} found. Install one with: paks install ${formatPakId(first)}` };
}

function tableOf({ items, installed, context }: Shown): string {
  const columns = context.io.stdoutIsTty ? context.io.columns : undefined;
  const any = items.some((item) => installed.has(formatPakId(item)));
  const here = (item: PakSummaryDto) => placesText(installed.get(formatPakId(item)));
  return formatTable(
    ["NAME", "VERSION", ...(any ? ["INSTALLED"] : []), "DOWNLOADS", "DESCRIPTION"],
    items.map((item) => [
      formatPakId(item),
      item.version,
      ...(any ? [here(item)] : []),
      String(item.downloads),
      item.description,
    ]),
    { columns },
  );
}

function detailsOf(item: PakSummaryDto, { installed }: Shown): string {
  return [
    `${formatPakId(item)} ${safe(item.version)}`,
    `  ${safe(item.description)}`,
    ...formatPairs([
      ["kind", item.kind],
      ["license", item.license ?? undefined],
      ["keywords", item.keywords.join(", ")],
      ["categories", item.categories.join(", ")],
      ["downloads", String(item.downloads)],
      ["updated", item.updated_at],
      ["installed", statusText(item, installed.get(formatPakId(item)), item.version)],
    ])
      .split("\n")
      .map((line) => `  ${line}`),
  ].join("\n");
}
