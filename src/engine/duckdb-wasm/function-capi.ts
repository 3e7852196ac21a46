import { bindExports } from './capi.ts'
import type { Pointer } from './capi.ts'

/** The part of DuckDB's C API that defines functions, casts, types and settings. Written like {@link CApi}. */
export interface FunctionApi {
  createScalarFunction(): Pointer
  destroyScalarFunction(address: Pointer): void
  scalarFunctionSetName(fn: Pointer, name: Pointer): void
  scalarFunctionSetVarargs(fn: Pointer, type: Pointer): void
  /** Rows with nulls come too, and results of theirs are taken. */
  scalarFunctionSetSpecialHandling(fn: Pointer): void
  scalarFunctionSetVolatile(fn: Pointer): void
  scalarFunctionAddParameter(fn: Pointer, type: Pointer): void
  scalarFunctionSetReturnType(fn: Pointer, type: Pointer): void
  scalarFunctionSetExtraInfo(fn: Pointer, extra: Pointer, destroy: Pointer): void
  scalarFunctionSetBind(fn: Pointer, callback: Pointer): void
  scalarFunctionSetFunction(fn: Pointer, callback: Pointer): void
  scalarFunctionGetExtraInfo(info: Pointer): Pointer
  scalarFunctionSetError(info: Pointer, message: Pointer): void
  scalarFunctionBindGetExtraInfo(info: Pointer): Pointer
  scalarFunctionBindSetError(info: Pointer, message: Pointer): void
  scalarFunctionBindGetArgumentCount(info: Pointer): number
  /** Caller destroys. */
  scalarFunctionBindGetArgument(info: Pointer, index: number): Pointer
  scalarFunctionGetClientContext(info: Pointer, out: Pointer): void
  createScalarFunctionSet(name: Pointer): Pointer
  destroyScalarFunctionSet(address: Pointer): void
  addScalarFunctionToSet(set: Pointer, fn: Pointer): number
  /** Overloads with the same parameters are replaced, others are added to what is there. */
  registerScalarFunctionSet(connection: Pointer, set: Pointer): number

  dataChunkGetColumnCount(chunk: Pointer): number

  /** Caller destroys. */
  expressionReturnType(expression: Pointer): Pointer
  expressionIsFoldable(expression: Pointer): number
  /** Answers error data, which the caller destroys. */
  expressionFold(context: Pointer, expression: Pointer, out: Pointer): Pointer
  destroyExpression(address: Pointer): void
  errorDataHasError(error: Pointer): number
  destroyErrorData(address: Pointer): void

  /** Puts `message` into the string that lies 4 bytes into `info`. */
  castFunctionSetError(info: Pointer, message: Pointer): void

  createAggregateFunction(): Pointer
  destroyAggregateFunction(address: Pointer): void
  aggregateFunctionSetName(fn: Pointer, name: Pointer): void
  aggregateFunctionAddParameter(fn: Pointer, type: Pointer): void
  aggregateFunctionSetReturnType(fn: Pointer, type: Pointer): void
  aggregateFunctionSetFunctions(
    fn: Pointer,
    size: Pointer,
    init: Pointer,
    update: Pointer,
    combine: Pointer,
    finalize: Pointer,
  ): void
  aggregateFunctionSetDestructor(fn: Pointer, destroy: Pointer): void
  aggregateFunctionSetSpecialHandling(fn: Pointer): void
  aggregateFunctionSetExtraInfo(fn: Pointer, extra: Pointer, destroy: Pointer): void
  aggregateFunctionGetExtraInfo(info: Pointer): Pointer
  aggregateFunctionSetError(info: Pointer, message: Pointer): void
  registerAggregateFunction(connection: Pointer, fn: Pointer): number

  /** The type has an alias, by which SQL then names it. */
  registerLogicalType(connection: Pointer, type: Pointer, info: Pointer): number

  createConfigOption(): Pointer
  destroyConfigOption(address: Pointer): void
  configOptionSetName(option: Pointer, name: Pointer): void
  configOptionSetType(option: Pointer, type: Pointer): void
  configOptionSetDefaultValue(option: Pointer, value: Pointer): void
  configOptionSetDescription(option: Pointer, text: Pointer): void
  registerConfigOption(connection: Pointer, option: Pointer): number
  connectionGetClientContext(connection: Pointer, out: Pointer): void
  destroyClientContext(address: Pointer): void
  /** Null when there is none. Caller destroys. */
  clientContextGetConfigOption(context: Pointer, name: Pointer, scope: Pointer): Pointer
}

const signatures: Record<keyof FunctionApi, string> = {
  createScalarFunction: ':p',
  destroyScalarFunction: 'p:v',
  scalarFunctionSetName: 'pp:v',
  scalarFunctionSetVarargs: 'pp:v',
  scalarFunctionSetSpecialHandling: 'p:v',
  scalarFunctionSetVolatile: 'p:v',
  scalarFunctionAddParameter: 'pp:v',
  scalarFunctionSetReturnType: 'pp:v',
  scalarFunctionSetExtraInfo: 'ppp:v',
  scalarFunctionSetBind: 'pp:v',
  scalarFunctionSetFunction: 'pp:v',
  scalarFunctionGetExtraInfo: 'p:p',
  scalarFunctionSetError: 'pp:v',
  scalarFunctionBindGetExtraInfo: 'p:p',
  scalarFunctionBindSetError: 'pp:v',
  scalarFunctionBindGetArgumentCount: 'p:n',
  scalarFunctionBindGetArgument: 'pn:p',
  scalarFunctionGetClientContext: 'pp:v',
  createScalarFunctionSet: 'p:p',
  destroyScalarFunctionSet: 'p:v',
  addScalarFunctionToSet: 'pp:p',
  registerScalarFunctionSet: 'pp:p',
  dataChunkGetColumnCount: 'p:n',
  expressionReturnType: 'p:p',
  expressionIsFoldable: 'p:p',
  expressionFold: 'ppp:p',
  destroyExpression: 'p:v',
  errorDataHasError: 'p:p',
  destroyErrorData: 'p:v',
  castFunctionSetError: 'pp:v',
  createAggregateFunction: ':p',
  destroyAggregateFunction: 'p:v',
  aggregateFunctionSetName: 'pp:v',
  aggregateFunctionAddParameter: 'pp:v',
  aggregateFunctionSetReturnType: 'pp:v',
  aggregateFunctionSetFunctions: 'pppppp:v',
  aggregateFunctionSetDestructor: 'pp:v',
  aggregateFunctionSetSpecialHandling: 'p:v',
  aggregateFunctionSetExtraInfo: 'ppp:v',
  aggregateFunctionGetExtraInfo: 'p:p',
  aggregateFunctionSetError: 'pp:v',
  registerAggregateFunction: 'pp:p',
  registerLogicalType: 'ppp:p',
  createConfigOption: ':p',
  destroyConfigOption: 'p:v',
  configOptionSetName: 'pp:v',
  configOptionSetType: 'pp:v',
  configOptionSetDefaultValue: 'pp:v',
  configOptionSetDescription: 'pp:v',
  registerConfigOption: 'pp:p',
  connectionGetClientContext: 'pp:v',
  destroyClientContext: 'p:v',
  clientContextGetConfigOption: 'ppp:p',
}

/** Wraps the exports of an engine file. */
export function bindFunctionApi(exports: WebAssembly.Exports): FunctionApi {
  return bindExports<FunctionApi>(exports, signatures)
}
