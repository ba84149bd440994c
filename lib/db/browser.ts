// What "#db" resolves to in a browser bundle: nothing. A component that reaches the database therefore fails the build with its import
// trace, which is the point.
export {};
