// In the browser alone: that is where the rows are.
export const ssr = false;
