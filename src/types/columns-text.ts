import type { Schema } from './logical-type.ts'
import { typeName } from './type-names.ts'

/** Names and types of columns as one text, equal for equal columns: `"a" INTEGER, "b c" VARCHAR[]`. */
export function columnsText({ fields }: Schema): string {
  return fields.map(({ name, type }) => `${JSON.stringify(name)} ${typeName(type)}`).join(', ')
}
