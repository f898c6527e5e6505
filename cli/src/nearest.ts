export { nearest } from "@paks/schema";
