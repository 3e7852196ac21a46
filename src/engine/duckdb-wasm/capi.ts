import { LakefrontError } from '../../errors.ts'

/** An address in the engine's linear memory; 0 is null. */
export type Pointer = number

/**
 * DuckDB's C API as this library uses it. Every method is the C function `duckdb_<name>` (snake case); the C header of DuckDB
 * v1.5 is the reference. Here stands only what is peculiar: who frees what, and how arguments differ from the header.
 *
 * `idx_t` is a JavaScript number, 64-bit values are `bigint`, structs passed by value are addresses of the struct.
 */
export interface CApi {
  /** `result` is an address of {@link resultSize} bytes; destroy it on failure too, it holds the message. */
  query(connection: Pointer, sql: Pointer, result: Pointer): number
  destroyResult(result: Pointer): void
  /** Borrowed from `result`. */
  resultError(result: Pointer): Pointer
  columnCount(result: Pointer): number
  /** Borrowed from `result`. */
  columnName(result: Pointer, column: number): Pointer
  /** Caller destroys. */
  columnLogicalType(result: Pointer, column: number): Pointer
  rowsChanged(result: Pointer): number
  /** By value in C, by address here. */
  resultIsStreaming(result: Pointer): number
  /**
   * Not of the C API but DuckDB's own `StreamQueryResult::ExecuteTask`: makes rows of a streaming result, a slice of work at a time, so that
   * {@link fetchChunk} finds them. 1 (and 4, 5): not yet. May throw what DuckDB does. Takes the address of the C++ result.
   */
  streamExecuteTask(stream: Pointer): number
  /** By value in C, by address here. Null at the end, and after an error, which `resultError` then tells. Caller destroys. */
  fetchChunk(result: Pointer): Pointer
  libraryVersion(): Pointer

  connect(database: Pointer, out: Pointer): number
  disconnect(connectionAddress: Pointer): void
  /** Makes the running statement of `connection` fail with an interrupt error; safe at any time. */
  interrupt(connection: Pointer): void

  /** Number of statements; 0 means a syntax error, told by `extractStatementsError`. */
  extractStatements(connection: Pointer, sql: Pointer, out: Pointer): number
  extractStatementsError(extracted: Pointer): Pointer
  prepareExtractedStatement(connection: Pointer, extracted: Pointer, index: number, out: Pointer): number
  destroyExtracted(address: Pointer): void
  prepareError(statement: Pointer): Pointer
  destroyPrepare(address: Pointer): void
  nparams(statement: Pointer): number
  /** Caller frees with `free`. */
  parameterName(statement: Pointer, index: number): Pointer
  preparedStatementType(statement: Pointer): number
  preparedStatementColumnCount(statement: Pointer): number
  /** Caller frees with `free`. */
  preparedStatementColumnName(statement: Pointer, column: number): Pointer
  preparedStatementColumnLogicalType(statement: Pointer, column: number): Pointer
  bindNull(statement: Pointer, index: number): number
  bindBoolean(statement: Pointer, index: number, value: number): number
  bindInt32(statement: Pointer, index: number, value: number): number
  bindInt64(statement: Pointer, index: number, value: bigint): number
  bindDouble(statement: Pointer, index: number, value: number): number
  bindTimestamp(statement: Pointer, index: number, micros: bigint): number
  bindVarcharLength(statement: Pointer, index: number, text: Pointer, bytes: number): number
  bindBlob(statement: Pointer, index: number, data: Pointer, bytes: number): number
  /** `value` is the address of a 16-byte little-endian integer. */
  bindHugeint(statement: Pointer, index: number, value: Pointer): number

  pendingPreparedStreaming(statement: Pointer, out: Pointer): number
  /** Runs a slice of the statement, some hundred thousand rows at most: 0 ready, 1 not yet, 2 error, 3 no task. */
  pendingExecuteTask(pending: Pointer): number
  pendingError(pending: Pointer): Pointer
  destroyPending(address: Pointer): void
  executePending(pending: Pointer, result: Pointer): number

  dataChunkGetSize(chunk: Pointer): number
  dataChunkSetSize(chunk: Pointer, rows: number): void
  dataChunkGetVector(chunk: Pointer, column: number): Pointer
  destroyDataChunk(address: Pointer): void

  /** Fresh vectors hold `capacity` rows; caller destroys. */
  createVector(type: Pointer, capacity: number): Pointer
  destroyVector(address: Pointer): void
  vectorGetData(vector: Pointer): Pointer
  /** Null when the vector has no nulls. One bit a row in 64-bit words. */
  vectorGetValidity(vector: Pointer): Pointer
  vectorEnsureValidityWritable(vector: Pointer): void
  vectorGetColumnType(vector: Pointer): Pointer
  /** Copies the bytes into the vector's own heap and writes the string at `row`; does not check UTF-8. */
  unsafeVectorAssignStringElementLen(vector: Pointer, row: number, text: Pointer, bytes: number): void
  /** Makes `to` share the data of `from`, which may be destroyed then. */
  vectorReferenceVector(to: Pointer, from: Pointer): void
  listVectorGetChild(vector: Pointer): Pointer
  listVectorSetSize(vector: Pointer, size: number): number
  listVectorReserve(vector: Pointer, capacity: number): number
  structVectorGetChild(vector: Pointer, index: number): Pointer
  arrayVectorGetChild(vector: Pointer): Pointer
  createSelectionVector(size: number): Pointer
  destroySelectionVector(selection: Pointer): void
  selectionVectorGetDataPtr(selection: Pointer): Pointer
  /** Turns `vector` into a dictionary of itself; the selection is shared and may be destroyed then. */
  sliceVector(vector: Pointer, selection: Pointer, length: number): void
  /**
   * Not of the C API but DuckDB's own `Vector::Dictionary`: points `vector` at `distinct` like reference and slice, and also tells the
   * number of distinct values, by which DuckDB hashes each once instead of every row.
   */
  vectorDictionary(vector: Pointer, distinct: Pointer, size: number, selection: Pointer, length: number): void

  createLogicalType(id: number): Pointer
  createDecimalType(width: number, scale: number): Pointer
  createListType(element: Pointer): Pointer
  createArrayType(element: Pointer, size: number): Pointer
  createMapType(key: Pointer, value: Pointer): Pointer
  createStructType(types: Pointer, names: Pointer, count: number): Pointer
  createUnionType(types: Pointer, names: Pointer, count: number): Pointer
  createEnumType(names: Pointer, count: number): Pointer
  destroyLogicalType(address: Pointer): void
  getTypeId(type: Pointer): number
  /** Caller frees; null when there is none. */
  logicalTypeGetAlias(type: Pointer): Pointer
  logicalTypeSetAlias(type: Pointer, alias: Pointer): void
  decimalWidth(type: Pointer): number
  decimalScale(type: Pointer): number
  enumDictionarySize(type: Pointer): number
  /** Caller frees. */
  enumDictionaryValue(type: Pointer, index: number): Pointer
  listTypeChildType(type: Pointer): Pointer
  arrayTypeChildType(type: Pointer): Pointer
  arrayTypeArraySize(type: Pointer): number
  mapTypeKeyType(type: Pointer): Pointer
  mapTypeValueType(type: Pointer): Pointer
  structTypeChildCount(type: Pointer): number
  structTypeChildName(type: Pointer, index: number): Pointer
  structTypeChildType(type: Pointer, index: number): Pointer
  unionTypeMemberCount(type: Pointer): number
  unionTypeMemberName(type: Pointer, index: number): Pointer
  unionTypeMemberType(type: Pointer, index: number): Pointer

  createTableFunction(): Pointer
  destroyTableFunction(address: Pointer): void
  tableFunctionSetName(fn: Pointer, name: Pointer): void
  tableFunctionAddParameter(fn: Pointer, type: Pointer): void
  tableFunctionAddNamedParameter(fn: Pointer, name: Pointer, type: Pointer): void
  tableFunctionSetExtraInfo(fn: Pointer, extra: Pointer, destroy: Pointer): void
  tableFunctionSetBind(fn: Pointer, callback: Pointer): void
  tableFunctionSetInit(fn: Pointer, callback: Pointer): void
  tableFunctionSetFunction(fn: Pointer, callback: Pointer): void
  tableFunctionSupportsProjectionPushdown(fn: Pointer, on: number): void
  registerTableFunction(connection: Pointer, fn: Pointer): number
  bindGetParameter(info: Pointer, index: number): Pointer
  /** Null when it was not given. Caller destroys. */
  bindGetNamedParameter(info: Pointer, name: Pointer): Pointer
  bindAddResultColumn(info: Pointer, name: Pointer, type: Pointer): void
  bindSetBindData(info: Pointer, data: Pointer, destroy: Pointer): void
  bindSetCardinality(info: Pointer, rows: number, exact: number): void
  bindSetError(info: Pointer, message: Pointer): void
  initGetBindData(info: Pointer): Pointer
  initSetInitData(info: Pointer, data: Pointer, destroy: Pointer): void
  initGetColumnCount(info: Pointer): number
  /** Beyond the declared columns for columns of the row itself, which hold no data. */
  initGetColumnIndex(info: Pointer, position: number): number
  initSetMaxThreads(info: Pointer, threads: number): void
  initSetError(info: Pointer, message: Pointer): void
  functionGetInitData(info: Pointer): Pointer
  functionSetError(info: Pointer, message: Pointer): void
  addReplacementScan(database: Pointer, callback: Pointer, extra: Pointer, destroy: Pointer): void
  replacementScanSetFunctionName(info: Pointer, name: Pointer): void
  replacementScanAddParameter(info: Pointer, value: Pointer): void

  createVarcharLength(text: Pointer, bytes: number): Pointer
  destroyValue(address: Pointer): void
  getVarchar(value: Pointer): Pointer
  /** Borrowed from `value`. */
  getValueType(value: Pointer): Pointer
  getListSize(value: Pointer): number
  getListChild(value: Pointer, index: number): Pointer
  isNullValue(value: Pointer): number
  /** As SQL: text in quotes, a struct in braces. Caller frees. */
  valueToString(value: Pointer): Pointer

  malloc(bytes: number): Pointer
  free(address: Pointer): void
}

/** Bytes of a `duckdb_result`, rounded up. */
export const resultSize = 64

/** Rows of a full vector. */
export const vectorSize = 2048

/**
 * Per method: arguments and result. `p` handle or 32-bit integer, `a` address of data (unsigned: memory may pass 2 GiB), `n` idx_t as a
 * number, `q` 64-bit as a bigint, `d` double, `v` nothing.
 */
const signatures: Record<keyof CApi, string> = {
  query: 'ppp:p',
  destroyResult: 'p:v',
  resultError: 'p:p',
  columnCount: 'p:n',
  columnName: 'pn:p',
  columnLogicalType: 'pn:p',
  rowsChanged: 'p:n',
  resultIsStreaming: 'p:p',
  streamExecuteTask: 'p:p',
  fetchChunk: 'p:p',
  libraryVersion: ':p',
  connect: 'pp:p',
  disconnect: 'p:v',
  interrupt: 'p:v',
  extractStatements: 'ppp:n',
  extractStatementsError: 'p:p',
  prepareExtractedStatement: 'ppnp:p',
  destroyExtracted: 'p:v',
  prepareError: 'p:p',
  destroyPrepare: 'p:v',
  nparams: 'p:n',
  parameterName: 'pn:p',
  preparedStatementType: 'p:p',
  preparedStatementColumnCount: 'p:n',
  preparedStatementColumnName: 'pn:p',
  preparedStatementColumnLogicalType: 'pn:p',
  bindNull: 'pn:p',
  bindBoolean: 'pnp:p',
  bindInt32: 'pnp:p',
  bindInt64: 'pnq:p',
  bindDouble: 'pnd:p',
  bindTimestamp: 'pnq:p',
  bindVarcharLength: 'pnpn:p',
  bindBlob: 'pnpn:p',
  bindHugeint: 'pnp:p',
  pendingPreparedStreaming: 'pp:p',
  pendingExecuteTask: 'p:p',
  pendingError: 'p:p',
  destroyPending: 'p:v',
  executePending: 'pp:p',
  dataChunkGetSize: 'p:n',
  dataChunkSetSize: 'pn:v',
  dataChunkGetVector: 'pn:p',
  destroyDataChunk: 'p:v',
  createVector: 'pn:p',
  destroyVector: 'p:v',
  vectorGetData: 'p:a',
  vectorGetValidity: 'p:a',
  vectorEnsureValidityWritable: 'p:v',
  vectorGetColumnType: 'p:p',
  unsafeVectorAssignStringElementLen: 'pnpn:v',
  vectorReferenceVector: 'pp:v',
  listVectorGetChild: 'p:p',
  listVectorSetSize: 'pn:p',
  listVectorReserve: 'pn:p',
  structVectorGetChild: 'pn:p',
  arrayVectorGetChild: 'p:p',
  createSelectionVector: 'n:p',
  destroySelectionVector: 'p:v',
  selectionVectorGetDataPtr: 'p:a',
  sliceVector: 'ppn:v',
  vectorDictionary: 'ppnpn:v',
  createLogicalType: 'p:p',
  createDecimalType: 'pp:p',
  createListType: 'p:p',
  createArrayType: 'pn:p',
  createMapType: 'pp:p',
  createStructType: 'ppn:p',
  createUnionType: 'ppn:p',
  createEnumType: 'pn:p',
  destroyLogicalType: 'p:v',
  getTypeId: 'p:p',
  logicalTypeGetAlias: 'p:p',
  logicalTypeSetAlias: 'pp:v',
  decimalWidth: 'p:p',
  decimalScale: 'p:p',
  enumDictionarySize: 'p:p',
  enumDictionaryValue: 'pn:p',
  listTypeChildType: 'p:p',
  arrayTypeChildType: 'p:p',
  arrayTypeArraySize: 'p:n',
  mapTypeKeyType: 'p:p',
  mapTypeValueType: 'p:p',
  structTypeChildCount: 'p:n',
  structTypeChildName: 'pn:p',
  structTypeChildType: 'pn:p',
  unionTypeMemberCount: 'p:n',
  unionTypeMemberName: 'pn:p',
  unionTypeMemberType: 'pn:p',
  createTableFunction: ':p',
  destroyTableFunction: 'p:v',
  tableFunctionSetName: 'pp:v',
  tableFunctionAddParameter: 'pp:v',
  tableFunctionAddNamedParameter: 'ppp:v',
  tableFunctionSetExtraInfo: 'ppp:v',
  tableFunctionSetBind: 'pp:v',
  tableFunctionSetInit: 'pp:v',
  tableFunctionSetFunction: 'pp:v',
  tableFunctionSupportsProjectionPushdown: 'pp:v',
  registerTableFunction: 'pp:p',
  bindGetParameter: 'pn:p',
  bindGetNamedParameter: 'pp:p',
  bindAddResultColumn: 'ppp:v',
  bindSetBindData: 'ppp:v',
  bindSetCardinality: 'pnp:v',
  bindSetError: 'pp:v',
  initGetBindData: 'p:p',
  initSetInitData: 'ppp:v',
  initGetColumnCount: 'p:n',
  initGetColumnIndex: 'pn:n',
  initSetMaxThreads: 'pn:v',
  initSetError: 'pp:v',
  functionGetInitData: 'p:p',
  functionSetError: 'pp:v',
  addReplacementScan: 'pppp:v',
  replacementScanSetFunctionName: 'pp:v',
  replacementScanAddParameter: 'pp:v',
  createVarcharLength: 'pn:p',
  destroyValue: 'p:v',
  getVarchar: 'p:p',
  getValueType: 'p:p',
  getListSize: 'p:n',
  getListChild: 'pn:p',
  isNullValue: 'p:p',
  valueToString: 'p:p',
  malloc: 'p:a',
  free: 'p:v',
}

/** The exported function behind a method of {@link CApi}. */
function symbolOf(method: string): string {
  if (method === 'vectorDictionary') return '_ZN6duckdb6Vector10DictionaryERS0_yRKNS_15SelectionVectorEy'
  if (method === 'streamExecuteTask') return '_ZN6duckdb17StreamQueryResult11ExecuteTaskEv'
  return cSymbol(method)
}

function cSymbol(method: string): string {
  return `duckdb_${method.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`
}

type WasmFunction = (...values: (number | bigint)[]) => number | bigint

/**
 * Wraps the exports of an engine file. Functions with 64-bit values are exported twice: split into halves under their own name,
 * and true to type under `orig$`; the latter is taken when it exists.
 */
export function bindCApi(exports: WebAssembly.Exports): CApi {
  return bindExports<CApi>(exports, signatures, symbolOf)
}

/** Wraps the exports behind the methods of `signatures`; `symbol` tells the export of a method. */
export function bindExports<Api extends object>(
  exports: WebAssembly.Exports,
  signatures: Readonly<Record<keyof Api & string, string>>,
  symbol: (method: string) => string = cSymbol,
): Api {
  const entries = Object.entries<string>(signatures)
  return Object.fromEntries(
    entries.map(([method, signature]) => [method, wrap(exported(exports, symbol(method)), signature)]),
  ) as Api
}

/** The unwrapped export, for `WebAssembly.promising`. Takes addresses only. */
export function rawExport(exports: WebAssembly.Exports, method: keyof CApi): WasmFunction {
  return exported(exports, symbolOf(method))
}

function exported(exports: WebAssembly.Exports, symbol: string): WasmFunction {
  const fn = exports[`orig$${symbol}`] ?? exports[symbol]
  if (typeof fn !== 'function') {
    throw new LakefrontError(
      'ENGINE_FAILED',
      `The engine file does not export ${symbol}. It is not a DuckDB engine of the pinned version: rebuild the package, or pass another engineBinary.`,
    )
  }
  return fn as WasmFunction
}

function wrap(raw: WasmFunction, signature: string): WasmFunction {
  const [parameters = '', result = 'v'] = signature.split(':')
  const wide = [...parameters].map((code) => code === 'n')
  const call = wide.includes(true) ? widen(raw, wide) : raw
  if (result === 'n') return (...values) => Number(BigInt.asUintN(64, call(...values) as bigint))
  if (result === 'a') return (...values) => (call(...values) as number) >>> 0
  return call
}

function widen(raw: WasmFunction, wide: readonly boolean[]): WasmFunction {
  const [first, second, third, fourth] = wide
  const big = (isWide: boolean | undefined, value: number | bigint): number | bigint => (isWide ? BigInt(value) : value)
  switch (wide.length) {
    case 1:
      return (a) => raw(big(first, a!))
    case 2:
      return (a, b) => raw(big(first, a!), big(second, b!))
    case 3:
      return (a, b, c) => raw(big(first, a!), big(second, b!), big(third, c!))
    case 4:
      return (a, b, c, d) => raw(big(first, a!), big(second, b!), big(third, c!), big(fourth, d!))
    default:
      return (...values) => raw(...values.map((value, index) => big(wide[index], value)))
  }
}
