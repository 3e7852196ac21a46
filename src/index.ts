export { connect } from './connect.ts'
export type { ConnectOptions, TargetOptions } from './connect/options.ts'
export type { FileOptions, RangeCacheOptions } from './connect/storage-options.ts'
export { Catalog } from './connect/catalog.ts'
export type { CatalogColumn, CatalogTable } from './connect/catalog.ts'
export type * from './connect/tables.ts'
export { Session } from './connect/session.ts'
export type { OpenLakeOptions, SessionEvents } from './connect/session.ts'
export type { EngineInfo, ExecuteOptions, Parameter, Progress, QueryMetrics, ResultStream } from './engine/engine.ts'
export type { MemoryUse } from './scan/memory-budget.ts'
export type { QueryEvent } from './engine/observed-engine.ts'
export { errorCodes, isLakefrontError, LakefrontError } from './errors.ts'
export type { ErrorCode, ErrorDetails } from './errors.ts'
export { col } from './expr/col.ts'
export { Column } from './expr/column.ts'
export { lit } from './expr/lit.ts'
export { sql } from './expr/sql.ts'
export { when } from './expr/when.ts'
export { Window } from './expr/window.ts'
export { DataFrame } from './frame/dataframe.ts'
export type {
  DropNullsOptions,
  ExplainOptions,
  ExplodeOptions,
  NaFunctions,
  SampleOptions,
  ShowOptions,
  UnpivotOptions,
} from './frame/dataframe.ts'
export { Lake } from './frame/lake.ts'
export type {
  CompactLakeOptions,
  ExpireLakeOptions,
  LakeChange,
  LakeObject,
  LakeTableOptions,
  MomentOptions,
  RecoverLakeOptions,
  VacuumLakeOptions,
} from './frame/lake.ts'
export type { Age } from './lake/maintenance/age.ts'
export type { Finding, FindingKind } from './lake/maintenance/check-catalog.ts'
export type { CheckOptions, CheckReport } from './lake/maintenance/check.ts'
export type { CompactReport, TableCompaction } from './lake/maintenance/compact.ts'
export type { ExpireReport } from './lake/maintenance/expire.ts'
export type { RecoverReport } from './lake/maintenance/recover.ts'
export type { VacuumReport } from './lake/maintenance/vacuum.ts'
export type { DefaultValue } from './frame/lake-defaults.ts'
export type { MatchedClause, MergeOptions, NotMatchedClause, SetValues } from './frame/lake-rows.ts'
export { LakeTable } from './frame/lake-table.ts'
export type { LakeFile, RowChange } from './frame/lake-table.ts'
export type { ColumnPath, LakeRows, LakeWriteOptions } from './frame/lake-table-writes.ts'
export { LakeTransaction } from './frame/lake-writes.ts'
export type { CreateTableOptions, LakeColumnTypes, TransactionOptions } from './frame/lake-writes.ts'
export { GroupedData, PivotedData } from './frame/grouped-data.ts'
export type { AsofOptions } from './frame/join-options.ts'
export { Table } from './frame/table.ts'
export { Reader } from './frame/reader.ts'
export type { CsvReadOptions } from './frame/csv-options.ts'
export type { AvroReadOptions, JsonReadOptions, ReadOptions } from './frame/reader.ts'
export { DataFrameWriter } from './frame/writer.ts'
export type { WriteOptionName } from './frame/writer.ts'
export type { SqlSlot } from './frame/sql-frame.ts'
export type { FileReference, ScanMetrics } from './scan/source.ts'
export type { FetchLimit } from './storage/fetch-scope.ts'
export { allowFolder, forgetFolder, keepFolder } from './storage/kept-folders.ts'
export type { CredentialsProvider, SignedRequest, SignRequest, SignRequests } from './storage/s3-access.ts'
export type { S3Credentials } from './storage/s3-sign.ts'
export type { S3Options } from './storage/s3.ts'
export type { SchemaLike } from './types/batch-from-rows.ts'
export type { ColumnBatch, ColumnData } from './types/column-data.ts'
export type { Columns } from './types/columns.ts'
export { formatValue } from './types/format-value.ts'
export type { Field, LogicalType, Schema } from './types/logical-type.ts'
export { typeName } from './types/type-names.ts'
export { valueReader } from './types/value-reader.ts'
export type { ValueReader } from './types/value-reader.ts'
export type { WriteOptionsOf } from './write/write-options.ts'
export type { SaveMode, WriteFormat, WriteResult, WrittenColumn, WrittenFile } from './write/write-task.ts'
