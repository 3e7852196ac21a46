-- Every flight. The grid takes the first million rows; scroll, or press Ctrl+End.
SELECT *
FROM 'flights-3m.parquet'
