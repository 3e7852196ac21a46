import type { Samples } from './measure.mjs'

/** What the command line asks of a suite. */
export interface SuiteOptions {
  readonly host: 'chromium' | 'node'
  readonly rounds: number
  readonly rows: number
  readonly scale: number
  readonly only?: readonly string[]
  readonly isProfile: boolean
  /** Makes `dist/` current; called once the options are known to be right. */
  readonly build: () => Promise<void>
}

export interface SuiteResult {
  readonly figures: Record<string, number>
  readonly samples?: readonly Samples[]
  readonly failures?: readonly { query: string; system: string; code: string; message: string }[]
  readonly files?: Record<string, number>
  readonly runs?: Record<string, unknown[]>
  readonly boot?: Record<string, number[]>
  readonly milliseconds?: Record<string, Record<string, number>>
}
