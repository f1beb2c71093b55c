/** Row of a cause in the table of causes, by object (`Service shop/web`) and field path in it. */
export type CauseOf = (object: string, path: string) => number;
