/** What the bench times of ours, bundled before it is run: a file from columns that are there already. */
export { encodeHere, streamEncoder } from '../../src/format/parquet/encode.ts'
export { parquetEncoder } from '../../src/format/parquet/parquet-encoder.ts'
export { batchesFromArrow } from '../../src/types/arrow.ts'
