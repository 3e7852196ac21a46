/** Works with a session of its own. @param {any} connect @param {(db: any) => Promise<T>} work @template T @returns {Promise<T>} */
export const withSession = async (connect, work) => {
  const db = await connect()
  try {
    return await work(db)
  } finally {
    await db.close()
  }
}
