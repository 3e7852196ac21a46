import type { connect } from 'lakefront'

/** What a part of the suite is given. */
export interface PartOptions {
  readonly connect: typeof connect
  /** An empty one, which is removed behind it. */
  readonly folder: string
  readonly rounds: number
  /** Of TPC-H. */
  readonly scale: number
  /** Its name, which may say how much. */
  readonly part: string
}
