/** @typedef {{ code: string, message: string }} Failure */

/**
 * What failed, as data: errors lose their codes on the way out of a page. DuckDB has no codes, its messages begin with a kind.
 * @param {unknown} error
 * @returns {Failure}
 */
export const failureOf = (error) => {
  const message = error instanceof Error ? error.message : String(error)
  const known = error instanceof Error && 'code' in error ? error.code : undefined
  const code = known ?? /^(?:\w+: )?(\w[\w ]*?) (?:Error|exception)/i.exec(message)?.[1]
  return { code: typeof code === 'string' ? code : 'ERROR', message }
}

/** A system's failure, thrown again in the process that asked. */
export class SystemError extends Error {
  /** @param {string} system @param {Failure} failure */
  constructor(system, { code, message }) {
    super(`${system}: ${message}`)
    this.code = code
  }
}
