// The body's colour, hatched as on a drawing; `tint.a` turns the hatch for every other body.
uniform float pixel_ratio;
uniform float strength;
in vec4 v_tint;
layout (location = 0) out vec4 colour;
void main() {
    vec2 p = gl_FragCoord.xy / pixel_ratio;
    float s = v_tint.a > 0.5 ? p.x + p.y : p.x - p.y;
    float off = abs(fract(s / 9.0) - 0.5) * 9.0;
    float line = 1.0 - smoothstep(0.25, 1.15, off);
    colour = vec4(v_tint.rgb * (1.0 - strength * line), 1.0);
}
