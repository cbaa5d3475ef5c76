// Overlay in CSS pixels, y down.
uniform vec2 size;
in vec2 position;
in vec4 tint;
out vec4 v_colour;
void main() {
    v_colour = tint;
    gl_Position = vec4(2.0 * position.x / size.x - 1.0, 1.0 - 2.0 * position.y / size.y, 0.0, 1.0);
}
