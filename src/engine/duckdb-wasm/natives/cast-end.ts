import type { LogicalType } from '../../../types/logical-type.ts'
import type { Duckdb } from '../boot.ts'
import type { Pointer } from '../capi.ts'
import type { NativeFunctions } from './native-functions.ts'

/** `DUCKDB_TYPE_ANY`. */
export const anyType = 34

/** `LogicalTypeId` of DuckDB's own, for the families of types. */
export const typeIds = {
  decimal: 21,
  struct: 100,
  list: 101,
  map: 102,
  enum: 104,
  union: 107,
  array: 108,
} as const

/** A type as casts are looked up by: those of a family are written with ANY inside. */
export function withCastEnd(
  { duckdb, types }: Pick<NativeFunctions, 'duckdb' | 'types'>,
  end: LogicalType | number,
  use: (address: Pointer) => void,
): void {
  if (typeof end !== 'number') return types.with(end, use)
  const { capi, heap } = duckdb
  const made = family(duckdb, end)
  if (made !== undefined) {
    use(made)
    heap.withPointer(made, capi.destroyLogicalType)
  } else {
    heap.withWords(3, (address) => {
      heap.bytes[address] = end
      use(address)
    })
  }
}

function family({ capi, heap }: Pick<Duckdb, 'capi' | 'heap'>, id: number): Pointer | undefined {
  const any = capi.createLogicalType(anyType)
  const withMember = (make: (types: Pointer, names: Pointer) => Pointer): Pointer =>
    heap.withText('any', (name) =>
      heap.withWords(2, (slots) => {
        heap.words[slots >>> 2] = any
        heap.words[(slots >>> 2) + 1] = name
        return make(slots, slots + 4)
      }),
    )
  try {
    switch (id) {
      case typeIds.list:
        return capi.createListType(any)
      case typeIds.array:
        return capi.createArrayType(any, 0)
      case typeIds.map:
        return capi.createMapType(any, any)
      case typeIds.struct:
        return withMember((types, names) => capi.createStructType(types, names, 1))
      case typeIds.union:
        return withMember((types, names) => capi.createUnionType(types, names, 1))
      default:
        return undefined
    }
  } finally {
    heap.withPointer(any, capi.destroyLogicalType)
  }
}
