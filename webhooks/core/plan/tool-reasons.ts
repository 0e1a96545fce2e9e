/** Reasons of Verified for a server that speaks MCP, and whose tools are not as they have to be. */
export const toolReasons = {
  changed: 'ToolContractChanged',
  notAllowed: 'ToolNotAllowed',
  unknown: 'ToolContractUnknown',
} as const;

/** Whether a reason of Verified is about the tools of a server that answered. */
export function isAboutTools(reason: string): boolean {
  return Object.values<string>(toolReasons).includes(reason);
}
