// The body's colour, hatched as on a drawing; `tint.a` turns the hatch for every other body. With a field: its colours, and
// the hatch only where nothing is known.
uniform float pixel_ratio;
uniform float strength;
in vec4 v_tint;
#ifdef FIELD
// Place on the colour scale, premultiplied by how much is known.
uniform sampler2D field;
uniform sampler2D map;
uniform float bands;
in vec2 v_place;
#endif
layout (location = 0) out vec4 colour;
void main() {
    vec2 p = gl_FragCoord.xy / pixel_ratio;
    float s = v_tint.a > 0.5 ? p.x + p.y : p.x - p.y;
    float off = abs(fract(s / 9.0) - 0.5) * 9.0;
    float line = 1.0 - smoothstep(0.25, 1.15, off);
    colour = vec4(v_tint.rgb * (1.0 - strength * line), 1.0);
#ifdef FIELD
    vec2 texel = texture(field, v_place).rg;
    if (texel.g > 0.02) {
        float t = clamp(texel.r / texel.g, 0.0, 1.0);
        if (bands > 0.5) t = (min(floor(t * bands), bands - 1.0) + 0.5) / bands;
        colour = vec4(texture(map, vec2(t, 0.5)).rgb, 1.0);
    }
#endif
}
