"""A verdict as text for people and as JSON for programs. Renderers decide nothing and measure nothing."""
