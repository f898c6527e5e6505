/**
 * Set by coding agents for the commands that they run: nobody sits in front of a prompt then. Not what an editor sets in
 * every terminal of its own, such as `CURSOR_TRACE_ID`, because people sit in front of those.
 */
export const agentVariables = [
  "AI_AGENT",
  "AGENT",
  "CLAUDECODE",
  "CLAUDE_CODE",
  "CODEX_SANDBOX",
  "CODEX_CI",
  "CODEX_THREAD_ID",
  "COPILOT_CLI",
  "CURSOR_AGENT",
  "GEMINI_CLI",
  "GOOSE_TERMINAL",
  "OPENCODE",
  "QWEN_CODE",
  "ANTIGRAVITY_AGENT",
  "CLINE_ACTIVE",
  "AUGMENT_AGENT",
] as const;
