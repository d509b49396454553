/* The styles of the editors travel with their script, as text. */
declare module "*.css" {
  const text: string;
  export default text;
}
