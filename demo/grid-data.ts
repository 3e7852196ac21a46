export interface GridColumn {
  readonly name: string
  readonly typeName: string
  readonly numeric: boolean
}

/** Rows a grid can show. `rowCount` may grow while a result is still arriving. */
export interface GridData {
  readonly columns: readonly GridColumn[]
  readonly rowCount: number
  /** The exact text of a value; null for SQL's NULL. */
  text(row: number, column: number): string | null
}
