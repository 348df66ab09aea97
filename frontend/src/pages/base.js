/**
 * Pages without a module of their own.
 * @module
 */
import { enhance } from "../lib/enhance.js";

await enhance();
