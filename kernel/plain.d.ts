export declare const root: string;
export declare const plainTree: () => string | null;
export declare const entryOf: (module: string) => string;
export declare const makePlainTree: () => boolean;
