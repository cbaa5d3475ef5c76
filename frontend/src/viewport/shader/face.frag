uniform vec4 section;
uniform vec3 sky;
uniform vec3 inside;
// Below 1 for what is seen through.
uniform float alpha;
in vec3 v_local;
in vec3 v_normal;
flat in vec3 v_colour;
flat in vec4 v_mark;
#ifdef FIELD
uniform sampler2D map;
uniform vec3 range;
// 1 where values are numbers of states: a triangle has one, with nothing between.
uniform float counts;
in float v_value;
flat in float v_count;
#endif
layout (location = 0) out vec4 colour;

void main() {
    if (dot(section.xyz, v_local) > section.w) discard;
    vec3 n = normalize(v_normal);
    vec3 base = v_colour;
#ifdef FIELD
    float value = counts > 0.5 ? v_count : v_value;
    float s = clamp((value - range.x) * range.y, 0.0, 1.0);
    if (range.z > 0.5) s = (min(floor(s * range.z), range.z - 1.0) + 0.5) / range.z;
    base = isnan(value) ? vec3(0.55) : texture(map, vec2(s, 0.5)).rgb;
#endif
    if (!gl_FrontFacing) {
        n = -n;
        if (section.w < 1e20) {
            // The inside, seen where the cap is a hair off: the cap's own colour.
            colour = vec4(base * inside, alpha);
            return;
        }
    }
    base = mix(base, v_mark.rgb, v_mark.a);
#ifdef FIELD
    // Flatter light over a field, so that the legend's colours can be found again.
    vec3 shade = lit(vec3(0.62), n, sky) / 0.62;
    colour = vec4(base * mix(vec3(1.0), shade, 0.45), alpha);
#else
    colour = vec4(lit(base, n, sky), alpha);
#endif
}
