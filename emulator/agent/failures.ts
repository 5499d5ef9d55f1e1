/*
 * What can go wrong between the client and the agent, as opposed to system calls that fail (errno.ts).
 */

/** The agent is not there (any more). */
export class AgentLost extends Error {
  override readonly name = 'AgentLost';
}

/** The agent refuses a request: it is no system call that failed. */
export class AgentRefusal extends Error {
  override readonly name = 'AgentRefusal';
}

/** The process that a call was made in takes no more calls. */
export class ProcessGone extends Error {
  override readonly name = 'ProcessGone';
}
