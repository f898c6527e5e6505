/**
 * Names that nobody may take, by their canonical form (lower case, no hyphens), with the reason that is shown.
 * Accounts lead a name, so a brand there speaks for its owner. After the slash a brand only says what a pak is
 * about (`acme/github`), so the second table is short.
 */
const rows = (reason: string, names: string): [string, string][] =>
  names.split(/\s+/).flatMap((name) => (name === "" ? [] : [[name, reason] as [string, string]]));

const deviceNames = `con prn aux nul com0 com1 com2 com3 com4 com5 com6 com7 com8 com9
  lpt0 lpt1 lpt2 lpt3 lpt4 lpt5 lpt6 lpt7 lpt8 lpt9`;
const literals = "null undefined true false nan none nil constructor prototype proto tostring valueof hasownproperty";

const everywhere = [
  ...rows("Windows treats it as a device, so no folder can have this name.", deviceNames),
  ...rows("Programs take it for a value of its own.", literals),
];

export const reservedAccountNames: ReadonlyMap<string, string> = new Map([
  ...everywhere,
  ...rows(
    "It is the name of a known company, product or project; only its owner may have it, on request.",
    `anthropic anthropics claude claudeai claudecode openai chatgpt gpt codex sora google googlecloud googleworkspace
     gemini deepmind alphabet microsoft azure windows visualstudio vscode copilot githubcopilot github githubactions
     gitlab bitbucket codeberg gitea forgejo sourcehut atlassian jira confluence vercel nextjs netlify cloudflare
     stakpak cursor anysphere windsurf codeium cognition devin replit jetbrains junie zed zedindustries cline roocode
     kilocode sourcegraph amp ampcode continuedev aider goose opencode warp factory droid augmentcode tabnine qodo
     kiro trae qwen qwencode alibaba deepseek moonshot kimi mistral mistralai meta metaai llama facebook xai grok
     perplexity cohere huggingface nvidia amazon aws amazonwebservices apple ibm oracle redhat docker dockerhub
     kubernetes linuxfoundation cncf apache mozilla nodejs npm npmjs pnpm yarn deno denoland jsr bun pypi pythonorg
     python rust rustlang cratesio golang java ruby rubygems php packagist debian ubuntu canonical archlinux
     postgres postgresql redis mongodb elastic supabase firebase stripe paypal shopify slack discord notion figma
     linear asana trello zoom twilio sentry datadog grafana hashicorp terraform snowflake databricks salesforce
     hubspot agentskills agentskillsio modelcontextprotocol mcp clawhub openclaw skillssh langchain llamaindex`,
  ),
  ...rows(
    "It could be mistaken for the people who run the registry.",
    `admin admins administrator administration root superuser sudo system sys sysadmin operator moderator moderators
     moderation staff team official verified trusted security abuse support help helpdesk contact info billing legal
     privacy compliance postmaster hostmaster webmaster noreply mailerdaemon bot robot registry paks pak paksregistry
     paksdev`,
  ),
  ...rows(
    "The registry's own pages or programs use the word.",
    `api apis app apps assets auth oauth oidc sso saml login logout signin signout signup register session sessions
     account accounts user users me my self org orgs organisation organisations organization organizations member
     members new create edit delete remove update settings config configuration preferences profile profiles dashboard
     home index search explore discover browse featured trending popular latest recent tags tag categories category
     keywords keyword targets target features feature stats status statistics metrics health healthz readyz live ready
     skill skills pack packs agent agents template templates package packages release releases version versions file
     files readme archive archives proof proofs diff dependencies dependents quality events event changes feed rss atom
     sitemap robots attempt attempts job jobs hook hooks webhook webhooks token tokens review reviews log logs tile
     tiles checkpoint wellknown favicon manifest static public private internal docs doc documentation guide blog
     about terms tos pricing download downloads install publish yank deprecate rollback transfer whynot verify cache
     graphql rest rpc openapi swagger ws websocket socket cdn mail email smtp ftp ssh git www web http https localhost
     local everyone anyone anybody nobody all any unknown anonymous guest
     deleted ghost default`,
  ),
]);

export const reservedPakNames: ReadonlyMap<string, string> = new Map([
  ...everywhere,
  ...rows("The registry's own pages of an account use the word.", "new edit delete settings members admin"),
  ...rows("The installer uses the word for folders of its own.", "paks nodemodules"),
]);
