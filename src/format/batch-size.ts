/** Rows, and bytes of a file's text or blocks, after which a batch of a file that is read from front to back is full. */
export const batchRows = 65_536
export const defaultBatchBytes: number = 8 * 1024 * 1024
