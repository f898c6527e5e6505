/** The longest name that DNS allows. */
const maxHostLength = 253;
const scheme =
  /^(?:https?|wss?|ftps?|sftp|ssh|git|git\+ssh|tcp|udp|ldaps?|rsync|smb|telnet|redis|amqp|mqtts?|grpcs?)$/i;

/** Names and addresses that a text has an agent or a script talk to, as far as they are written out. */
export function findHosts(text: string, options: { readonly script: boolean }): Set<string> {
  const found = new Set<string>();
  findUrlHosts(text, found);
  if (options.script) findBareHosts(text, found);
  return found;
}

/** `scheme://user@host:port`. Both ends are looked for from the `://` on, never further than a name can be long. */
function findUrlHosts(text: string, found: Set<string>): void {
  for (let at = text.indexOf("://"); at >= 0; at = text.indexOf("://", at + 3)) {
    const before = /[A-Za-z][A-Za-z0-9+.-]{0,11}$/.exec(text.slice(Math.max(0, at - 12), at))?.[0] ?? "";
    if (!scheme.test(before)) continue;
    const authority = /^[^\s/?#"'`<>\\|,;)}]*/.exec(text.slice(at + 3, at + 3 + 2 * maxHostLength))?.[0] ?? "";
    add(found, authority.slice(authority.lastIndexOf("@") + 1));
  }
}

const word = /[A-Za-z0-9.-]+/g;

/**
 * Hosts without a scheme: `curl api.example.com/x`, `connect("10.0.0.1", 4444)`, `git@example.com:`. Only names whose
 * last part is a well-known top-level domain count, or `os.path` and `config.json` would be hosts.
 */
function findBareHosts(text: string, found: Set<string>): void {
  for (const match of text.matchAll(word)) {
    const [name] = match;
    if (name.length > maxHostLength || !/^[A-Za-z0-9].*\..*[A-Za-z0-9]$/.test(name) || name.includes("..")) continue;
    const before = text[match.index - 1] ?? " ";
    const after = text[match.index + name.length] ?? " ";
    // `self.me` and `data.info` inside an expression are fields; a name in a call is quoted or stands alone.
    if (!/[\s"'`@=/]/.test(before) || !/[\s"'`:/),;|]/.test(after)) continue;
    if (isAddress(name) || isDomain(name, after)) add(found, name);
  }
}

const isAddress = (name: string): boolean => /^\d{1,3}(?:\.\d{1,3}){3}$/.test(name);

function isDomain(name: string, after: string): boolean {
  const parts = name.toLowerCase().split(".");
  const last = parts.at(-1)!;
  // `install.sh` is a file; `get.example.sh` and `example.sh/x` are hosts.
  if (fileEndings.has(last)) return parts.length > 2 || after === "/" || after === ":";
  return topLevel.has(last);
}

const topLevel = new Set(
  (
    "com net org edu gov mil int info biz io dev app ai co me tv xyz top site online club shop store tech space cloud " +
    "page link live fun icu pw ws to gg ly host website click onion local internal de uk fr nl eu ru cn jp kr br au " +
    "ca us ch at es it se no fi dk cz ua tk ga cf gq su ir tr mx ar za"
  ).split(" "),
);
/** Top-level domains that files end in, too. */
const fileEndings = new Set("cc in md ml mov pl ps py rs run sh so work zip".split(" "));

function add(found: Set<string>, authority: string): void {
  const host = readHost(authority);
  if (host !== undefined) found.add(host);
}

/** One spelling for each: lower case, punycode, addresses in dotted numbers; with the port when one is named. */
function readHost(authority: string): string | undefined {
  const text = authority.replace(/[.:*]+$/, "");
  if (text === "" || text.length > maxHostLength + 6) return undefined;
  // `https://${HOST}/` and `https://$(cat host)/` go where nobody can say from here.
  if (/[$%{(]/.test(text)) return "(computed)";
  const url = URL.canParse(`http://${text}/`) ? new URL(`http://${text}/`) : undefined;
  return url === undefined || url.hostname === "" ? undefined : url.host;
}
