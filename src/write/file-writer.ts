import type { ColumnBatch } from '../types/column-data.ts'

/** Encodes batches into one file; `Summary` is what is known of it at the end. */
export interface FileWriter<Summary> {
  /** Takes rows; the buffers are only read. */
  write(batch: ColumnBatch): Promise<void>
  /** Bytes of the file so far, what is not encoded yet estimated. */
  readonly size: number
  finish(): Promise<Summary>
  /** Gives its memory back; nothing more is emitted. Twice is fine, and after `finish` too. */
  close(): void
}

/** Begins a file, whose bytes are given to `emit` in order; each has to stay as it is until that resolves. */
export type OpenWriter<Summary> = (
  emit: (bytes: Uint8Array) => Promise<void>,
) => FileWriter<Summary> | Promise<FileWriter<Summary>>
