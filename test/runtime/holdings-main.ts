/** The card's program, its cells without walls and willing to tell what they hold. */
import "./holdings.ts";
import "../../app/main.ts";
