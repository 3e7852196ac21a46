/** What the bench times of ours, bundled before it is run: columns from a file, a file from columns, and an Arrow table of them. */
export { avroEncoder } from '../../src/format/avro/avro-encoder.ts'
export { avroBlocks, openAvro } from '../../src/format/avro/container.ts'
export { readAvro } from '../../src/format/avro/read-avro.ts'
export { memorySource } from '../../src/storage/memory.ts'
export { tableFromBatches } from '../../src/types/arrow.ts'
export { batchFromRows, schemaFrom } from '../../src/types/batch-from-rows.ts'
