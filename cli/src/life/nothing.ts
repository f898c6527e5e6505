/** What every command says of a place without paks. */
export const nothingInstalled = "Nothing is installed here.";
