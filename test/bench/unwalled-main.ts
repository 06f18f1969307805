/** The card's program, its cells without walls. */
import "./unwalled.ts";
import "../../app/main.ts";
